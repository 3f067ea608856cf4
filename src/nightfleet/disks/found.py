"""What a machine's disks are, and what is on them: one frozen value per machine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

MIB, GIB = 1 << 20, 1 << 30
SECTOR = 512  # unit of blkid's PART_ENTRY_OFFSET and PART_ENTRY_SIZE, whatever the disk's own
# of memory, made of other disks, or of other machines; lsblk calls each a disk
NO_DISKS = tuple(f"/dev/{name}" for name in ("ram", "zram", "zd", "bcache", "nbd", "rbd", "drbd", "etherd"))


@dataclass(frozen=True, slots=True)
class Device:
    """One block device. Sizes and offsets are bytes; None stands for what nobody could tell."""

    name: str  # /dev/nvme0n1: good for this boot only
    kind: str  # disk, part, lvm, crypt, mpath, raid1, loop ...
    size: int
    kernel_name: str = ""  # /dev/dm-0, where `name` is /dev/mapper/...
    numbers: str = ""  # major:minor
    serial: str = ""
    model: str = ""
    transport: str = ""
    wwn: str = ""
    readonly: bool = False
    removable: bool = False
    rotational: bool | None = None
    parents: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)  # of blkid: TYPE, UUID, PTTYPE, PART_ENTRY_*
    signatures: tuple[str, ...] = ()  # of wipefs: everything that looks like something
    names: tuple[str, ...] = ()  # in /dev/disk/by-id and by-path
    holders: tuple[str, ...] = ()
    mounted: tuple[str, ...] = ()
    swapping: bool = False
    written: bool | None = None  # without a signature: whether it has bytes other than zero
    inside: str = ""  # of a filesystem that was never given out: empty, files, unmountable
    room: int | None = None  # of its filesystem
    healthy: bool | None = None  # by SMART
    backing: str = ""  # a loop device's file

    @property
    def label(self) -> str:
        """Name of the partition in its table."""
        return self.tags.get("PART_ENTRY_NAME", "")

    @property
    def number(self) -> int:
        """Number of the partition in its table."""
        return int(self.tags.get("PART_ENTRY_NUMBER", "0"))

    @property
    def start(self) -> int:
        """Where the partition begins on its disk."""
        return int(self.tags.get("PART_ENTRY_OFFSET", "0")) * SECTOR

    @property
    def end(self) -> int:
        """Where the partition ends on its disk."""
        return self.start + self.size

    @property
    def filesystem(self) -> str:
        """What blkid takes the content for; empty when for nothing."""
        return self.tags.get("TYPE", "")

    @property
    def uuid(self) -> str:
        """Of its filesystem."""
        return self.tags.get("UUID", "").lower()


@dataclass(frozen=True, slots=True)
class Group:
    """A volume group. Sizes are bytes."""

    name: str
    size: int
    free: int
    extent: int


@dataclass(frozen=True, slots=True)
class Logical:
    """A logical volume."""

    name: str
    group: str
    size: int
    path: str  # /dev/GROUP/NAME
    device: str  # /dev/mapper/...


@dataclass(frozen=True, slots=True)
class Folder:
    """The filesystem under a folder for image files. Bytes."""

    size: int
    free: int


@dataclass(frozen=True, slots=True)
class Image:
    """An image file."""

    path: str
    size: int
    uuid: str


@dataclass(frozen=True, slots=True)
class Mount:
    """What is mounted where; `numbers` are the device's."""

    where: str
    numbers: str
    source: str
    kind: str


@dataclass(frozen=True, slots=True)
class Found:
    """Everything about the disks of one machine."""

    devices: Mapping[str, Device]
    mounts: tuple[Mount, ...] = ()
    groups: Mapping[str, Group] = field(default_factory=dict)
    logicals: tuple[Logical, ...] = ()
    folders: Mapping[str, Folder] = field(default_factory=dict)
    images: Mapping[str, Image] = field(default_factory=dict)
    swaps: Mapping[str, int] = field(default_factory=dict)  # swap in use, by kernel name or file -> bytes
    filled: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # some of what is in mount points
    quota: bool = False  # the kernel's XFS has quotas
    container: str = ""  # its kind; the devices that it sees are those of the machine around it

    @property
    def disks(self) -> Sequence[Device]:
        """Whole disks, by name; no empty drives, nothing that only calls itself so. A container has none."""
        if self.container:
            return []
        found = [one for one in self.devices.values() if one.kind == "disk" and one.size]
        return sorted((d for d in found if not d.name.startswith(NO_DISKS)), key=lambda device: device.name)

    def below(self, device: Device) -> list[Device]:
        """Return everything that is made of a device: partitions, volumes, arrays; nearest first."""
        nearest = sorted(
            (one for one in self.devices.values() if device.name in one.parents), key=lambda one: one.start
        )
        deeper = [each for one in nearest for each in self.below(one)]
        return [*nearest, *(each for each in deeper if each not in nearest)]

    def partitions(self, disk: Device) -> list[Device]:
        """Return the partitions of a disk, in their order on it."""
        return [one for one in self.below(disk) if one.kind == "part" and disk.name in one.parents]

    def at(self, where: str) -> Mount | None:
        """Return what is mounted at a mount point, the topmost; None when nothing is."""
        return next((mount for mount in reversed(self.mounts) if mount.where == where), None)

    def by_numbers(self, numbers: str) -> Device | None:
        """Return the device with these numbers."""
        return next((one for one in self.devices.values() if one.numbers == numbers), None)
