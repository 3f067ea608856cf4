"""The steps of a layout: each says what it does, and is one or a few lines for templates/act.sh. Pure.

A partition is made as `-new`, proven to be empty; it is called `-begun` before a filesystem is written, and
only when that is finished it gets its own name, each in one write. So a power cut leaves either nothing, or
something that says of itself that it was never given out, and whether a half written filesystem may be on it.
A logical volume is `-begun` at once (free extents belong to nobody), an image file is `.new`.
"""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from nightfleet.disks.found import MIB, Device
from nightfleet.disks.words import size, title
from nightfleet.site.disks import Purpose

TEMPLATES = Path(__file__).parent / "templates"
WORDS = "".join((TEMPLATES / name).read_text(encoding="utf-8") for name in ("words.sh", "act.sh"))
QUIETLY = "--quiet --no-reread --no-tell-kernel"  # of a disk in use; partx tells the kernel


class Step(Protocol):
    """One thing to do on a machine."""

    def says(self) -> str:
        """Say it to a person."""

    def lines(self) -> Sequence[str]:
        """Do it, in words of templates/act.sh."""


def script(steps: Sequence[Step]) -> str:
    """Return the whole script of some steps; it ends at the first that fails."""
    return "\n".join([WORDS, *(line for step in steps for line in step.lines())])


class State(StrEnum):
    """How far a medium is, at the end of its name."""

    NEW = "-new"
    BEGUN = "-begun"
    DONE = ""


def label(purpose: Purpose, state: State = State.DONE) -> str:
    """Name of a partition or logical volume."""
    return f"nightfleet-{purpose}{state}"


def partition_path(disk: str, number: int) -> str:
    """`/dev/sda`, 1 -> /dev/sda1; `/dev/nvme0n1`, 1 -> /dev/nvme0n1p1."""
    return f"{disk}{'p' if disk[-1].isdigit() else ''}{number}"


def zeroed(disk: Device, count: int, behind: int = 0) -> list[str]:
    """Let new partitions read as zeros where samples are taken: what lay there belongs to nobody."""
    parts = [partition_path(disk.name, behind + number + 1) for number in range(count)]
    return [f"there {part} && zeroed {part}" for part in parts]


def guard(disk: Device) -> str:
    """Check that a name still means the disk that was looked at."""
    return f"same {disk.name} {disk.size} {shlex.quote(disk.serial)}"


@dataclass(frozen=True, slots=True)
class Erase:
    """Everything on a disk goes: a person named it by its serial."""

    disk: Device
    lost: tuple[str, ...]

    def says(self) -> str:
        return f"erase {title(self.disk)}, with {'; '.join(self.lost) or 'nothing known on it'}"

    def lines(self) -> Sequence[str]:
        return [guard(self.disk), f"opened {self.disk.name}"]


@dataclass(frozen=True, slots=True)
class Part:
    """One partition to make. Bytes."""

    purpose: Purpose
    size: int

    @property
    def line(self) -> str:
        return f"size={self.size // MIB}MiB, type=linux, name={label(self.purpose, State.NEW)}"


def told(parts: Sequence[Part]) -> str:
    """Say what is made, for people."""
    return ", ".join(f"{part.purpose} {size(part.size)}" for part in parts)


def entries(parts: Sequence[Part]) -> str:
    """Write the lines that sfdisk reads, as printf takes them."""
    return "".join(f"{part.line}\\n" for part in parts)


@dataclass(frozen=True, slots=True)
class MakeTable:
    """A partition table with all its partitions, on an empty disk."""

    disk: Device
    parts: tuple[Part, ...]

    def says(self) -> str:
        return f"partition {title(self.disk)}: {told(self.parts)}"

    def lines(self) -> Sequence[str]:
        return [
            guard(self.disk),
            f"blank {self.disk.name}",
            f"printf 'label: gpt\\n{entries(self.parts)}' | sfdisk --quiet {self.disk.name}",
            f"updated {self.disk.name}",
            "settled",
            *zeroed(self.disk, len(self.parts)),
        ]


@dataclass(frozen=True, slots=True)
class AddParts:
    """Further partitions behind those that are ours."""

    disk: Device
    parts: tuple[Part, ...]
    behind: int = 0  # number of the last partition that is there

    def says(self) -> str:
        return f"add to {title(self.disk)}: {told(self.parts)}"

    def lines(self) -> Sequence[str]:
        return [
            guard(self.disk),
            f"sfdisk {QUIETLY} --relocate gpt-bak-std {self.disk.name} || true",
            f"printf '{entries(self.parts)}' | sfdisk {QUIETLY} --append {self.disk.name}",
            f"updated {self.disk.name}",
            "settled",
            *zeroed(self.disk, len(self.parts), self.behind),
        ]


@dataclass(frozen=True, slots=True)
class GrowPart:
    """The room behind a partition becomes part of it."""

    disk: Device
    number: int
    purpose: Purpose
    size: int

    def says(self) -> str:
        return f"grow {self.purpose} on {self.disk.name} to {size(self.size)}"

    def lines(self) -> Sequence[str]:
        disk = self.disk.name
        return [
            guard(self.disk),
            f"sfdisk {QUIETLY} --relocate gpt-bak-std {disk} || true",
            f"echo ', {self.size // MIB}MiB' | sfdisk {QUIETLY} -N {self.number} {disk}",
            f"updated {disk} --nr {self.number}",
            "settled",
        ]


@dataclass(frozen=True, slots=True)
class FormatPart:
    """A filesystem on a partition of ours that was never given out."""

    disk: Device
    number: int
    purpose: Purpose
    filesystem: str
    uuid: str
    again: bool = False  # an earlier format was cut off: what it left may be overwritten

    def says(self) -> str:
        again = " again: the last time was cut off" if self.again else ""
        return f"format {self.purpose} on {self.disk.name} as {self.filesystem}{again}"

    def lines(self) -> Sequence[str]:
        part = partition_path(self.disk.name, self.number)
        new, begun = label(self.purpose, State.NEW), label(self.purpose, State.BEGUN)
        looked = [f"unnamed {part} {new}", f"bare {part}", f"named {self.disk.name} {self.number} {begun}"]
        return [
            guard(self.disk),
            f"there {part}",
            *([f"unnamed {part} {begun}", f"idle {part}"] if self.again else [*looked, f"there {part}"]),
            f"format {part} {self.filesystem} {self.uuid} {self.purpose}{' force' if self.again else ''}",
        ]


@dataclass(frozen=True, slots=True)
class NamePart:
    """A finished filesystem is given out: from now on it may hold data."""

    disk: Device
    number: int
    purpose: Purpose

    def says(self) -> str:
        return f"give {self.purpose} on {self.disk.name} its name, {label(self.purpose)}"

    def lines(self) -> Sequence[str]:
        return [
            guard(self.disk),
            f"opened_to_all {partition_path(self.disk.name, self.number)} {self.purpose}",
            f"named {self.disk.name} {self.number} {label(self.purpose)}",
        ]
