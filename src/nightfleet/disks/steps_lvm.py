"""Steps on logical volumes and image files, as in steps.py. Pure."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from nightfleet.disks.steps import State, label
from nightfleet.disks.words import size
from nightfleet.site.disks import Purpose


@dataclass(frozen=True, slots=True)
class MakeLogical:
    """A logical volume in the free room of a group, filled, then given its name.

    Whatever an earlier volume left in that room is wiped by lvcreate; it belongs to nobody.
    """

    group: str
    purpose: Purpose
    size: int
    filesystem: str
    uuid: str
    half: bool = False  # an earlier attempt left the volume

    def says(self) -> str:
        return f"make {self.purpose}, {size(self.size)}, {self.filesystem}, in volume group {self.group}"

    def lines(self) -> Sequence[str]:
        group, begun = shlex.quote(self.group), label(self.purpose, State.BEGUN)
        path = f"/dev/{self.group}/{begun}"
        make = (
            f"lvcreate --quiet --yes --wipesignatures y --zero y --name {begun} --size {self.size}b {group}"
            " >/dev/null"
        )
        force = " force" if self.half else ""
        return [
            *([] if self.half else [make]),
            f"settled; {'idle' if self.half else 'bare'} $(readlink -f {shlex.quote(path)})",
            f"format {shlex.quote(path)} {self.filesystem} {self.uuid} {self.purpose}{force}",
            f"opened_to_all {shlex.quote(path)} {self.purpose}",
            f"lvrename --quiet {group} {begun} {label(self.purpose)} >/dev/null",
            "settled",
        ]


@dataclass(frozen=True, slots=True)
class GrowLogical:
    """More of the group's free room for a volume."""

    group: str
    purpose: Purpose
    size: int

    def says(self) -> str:
        return f"grow {self.purpose} in volume group {self.group} to {size(self.size)}"

    def lines(self) -> Sequence[str]:
        return [
            f"lvextend --quiet --size {self.size}b {shlex.quote(self.group)}/{label(self.purpose)} >/dev/null"
        ]


@dataclass(frozen=True, slots=True)
class MakeImage:
    """An image file, all of it allocated, so that nobody is promised what the owner's disk does not have."""

    path: str
    purpose: Purpose
    size: int
    filesystem: str
    uuid: str

    def says(self) -> str:
        return f"make {self.path}, {size(self.size)}, {self.filesystem}, for {self.purpose}"

    def lines(self) -> Sequence[str]:
        path, new = shlex.quote(self.path), shlex.quote(f"{self.path}.new")
        return [
            f"mkdir -p -m 700 {shlex.quote(self.path.rpartition('/')[0])}",
            f"[ ! -e {path} ] || no {path} is there already",
            f"rm -f {new}",
            f"(umask 077; fallocate -l {self.size} {new})",
            f"format {new} {self.filesystem} {self.uuid} {self.purpose}",
            f"opened_to_all {new} {self.purpose}",
            f"mv -nT {new} {path}",
            "sync",
        ]


@dataclass(frozen=True, slots=True)
class GrowImage:
    """A larger file, and the loop device over it told so."""

    path: str
    purpose: Purpose
    size: int

    def says(self) -> str:
        return f"grow {self.path} to {size(self.size)}"

    def lines(self) -> Sequence[str]:
        path = shlex.quote(self.path)
        return [
            f"unswapped {path}",  # no file grows while it is swap in use
            f"fallocate -l {self.size} {path}",
            f"losetup --noheadings --output NAME --associated {path} | xargs -r -n1 losetup --set-capacity",
        ]


@dataclass(frozen=True, slots=True)
class GrowFilesystem:
    """A mounted filesystem takes the room that its medium has by now."""

    purpose: Purpose
    where: str
    filesystem: str
    device: str

    def says(self) -> str:
        return f"grow the filesystem at {self.where}"

    def lines(self) -> Sequence[str]:
        call = f"xfs_growfs {self.where}" if self.filesystem == "xfs" else f"resize2fs {self.device}"
        return [f"{call} >/dev/null"]


@dataclass(frozen=True, slots=True)
class GrowSwap:
    """Swap space is made anew, in all the room that its medium has by now."""

    path: str
    uuid: str
    size: int

    def says(self) -> str:
        return f"grow the swap space on {self.path} to {size(self.size)}"

    def lines(self) -> Sequence[str]:
        path = shlex.quote(self.path)
        return [f"unswapped {path}", f"format {path} swap {self.uuid} {Purpose.SWAP}", f"swapon {path}"]
