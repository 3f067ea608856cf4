"""What the depot tells while it works; the command line draws it, tests and scripts may ignore it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Step(StrEnum):
    """What is happening to an item."""

    CACHED = "cached"
    DOWNLOAD = "download"  # done and total are bytes
    BUILD = "build"  # done counts compiled packages
    PACK = "pack"
    STORED = "stored"
    BAD = "bad"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Event:
    """One step of one item, for example `kubelet 1.36.3`."""

    step: Step
    item: str
    detail: str = ""
    done: int = 0
    total: int = 0


OnEvent = Callable[[Event], None]


def ignore(event: Event) -> None:
    """Tell nobody."""
    del event
