"""What a planner of one place returns."""

from collections.abc import Mapping
from dataclasses import dataclass

from nightfleet.disks.steps import Step
from nightfleet.disks.volume import Volume
from nightfleet.site.disks import Filesystem, Purpose, Swap

Wanted = Mapping[Purpose, Filesystem | Swap]


@dataclass(frozen=True, slots=True)
class Part:
    """The part of a plan that is about one disk, volume group or folder."""

    refusals: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    volumes: tuple[Volume, ...] = ()
    notes: tuple[str, ...] = ()
    disk: str = ""


def refused(where: str, reasons: list[str], disk: str = "") -> Part:
    """Return a part that is nothing but reasons."""
    return Part(refusals=tuple(f"{where}: {reason}" if where else reason for reason in reasons), disk=disk)
