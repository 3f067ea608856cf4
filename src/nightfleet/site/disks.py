"""`disks`: how the disks of a class of machines are laid out. Without a layout no disk is touched."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from nightfleet.site.section import Directory, Name, Section, Word, form

Size = Annotated[str, form(r"\d+GiB|\d+TiB|\d{1,3}%|rest", "a size like '200GiB', '40%' or 'rest'")]
Amount = Annotated[str, form(r"\d+(GiB|TiB)", "an amount like '50GiB' or '2TiB'")]
UNITS = {"GiB": 1 << 30, "TiB": 1 << 40}
REST = "rest"


class Purpose(StrEnum):
    """What a filesystem is for. The order is that on a disk, except that `rest` comes last."""

    IMAGEFS = "imagefs"
    NODEFS = "nodefs"
    FSCACHE = "fscache"
    SWAP = "swap"
    TMP = "tmp"
    VAR = "var"
    HOME = "home"
    SCRATCH = "scratch"


MOUNTPOINTS = {
    Purpose.IMAGEFS: "/var/lib/containerd",
    Purpose.NODEFS: "/var/lib/kubelet",  # and /var/log/pods, on the same filesystem
    Purpose.FSCACHE: "/var/cache/fscache",
    Purpose.SWAP: "",
    Purpose.TMP: "/tmp",
    Purpose.VAR: "/var",
    Purpose.HOME: "/home",
    Purpose.SCRATCH: "/scratch",
}


class Place(Section):
    """Room that may be used: one whole disk, the free room of a volume group, or files in a folder.

    A disk is named by its id or serial, or by what it is: how it is connected and how large it is. Names like
    /dev/sda are never used; they change from boot to boot.
    """

    id: Word | None = Field(
        None,
        description="a disk, by a name in /dev/disk/by-id or by-path; `*` stands for anything",
        examples=["nvme-Samsung_SSD_980_PRO_*"],
    )
    serial: Word | None = Field(None, description="a disk, by its serial number; `*` stands for anything")
    transport: Literal["nvme", "sata", "sas", "virtio"] | None = Field(
        None, description="a disk, by its connection: nvme, sata, sas, virtio; never usb"
    )
    at_least: Amount | None = Field(None, description="a disk that is no smaller", examples=["800GiB"])
    at_most: Amount | None = Field(None, description="a disk that is no larger")
    cloud_volume: Name | None = Field(
        None,
        description="the data disk of each node that Terraform made under this use; found by its id",
        examples=["imagefs"],
    )
    volume_group: Word | None = Field(None, description="free room of a volume group (LVM) that is there")
    folder: Directory | None = Field(
        None,
        description="image files in this folder, for machines without a free disk",
        examples=["/var/lib/nightfleet/disks"],
    )
    space: Amount | None = Field(None, description="most that may be used of the group, or by the files")
    keep_free: Amount = Field("10GiB", description="what the filesystem of the folder keeps for its owner")

    @property
    def names_a_disk(self) -> bool:
        """Whether anything is said by which a disk can be known."""
        return any((self.id, self.serial, self.transport, self.at_least, self.at_most, self.cloud_volume))

    @property
    def ways(self) -> int:
        """How many kinds of room are named; one is right."""
        return sum((self.names_a_disk, bool(self.volume_group), bool(self.folder)))


class Swap(Section):
    """Swap space. The class must say `swap: keep`."""

    on: Name = Field(description="a name from `use`")
    size: Size = Field(description="like 16GiB, a share like 10%, or rest")


class Filesystem(Section):
    """One filesystem."""

    on: Name = Field(description="a name from `use`")
    size: Size = Field(description="like 200GiB, a share like 40%, or rest: what the others leave")
    filesystem: Literal["xfs", "ext4"] = Field(
        "xfs", description="xfs (with project quotas where the kernel has them) or ext4"
    )


class Layout(Section):
    """The layout of one class: which room may be used, and what for."""

    use: Annotated[dict[str, Place], Field(min_length=1)] = Field(
        description="room that may be used, by a name of your choice"
    )
    imagefs: Filesystem | None = Field(None, description="images and containers, at /var/lib/containerd")
    nodefs: Filesystem | None = Field(
        None, description="pods' volumes and logs, at /var/lib/kubelet and /var/log/pods"
    )
    fscache: Filesystem | None = Field(
        None, description="cache of network filesystems, at /var/cache/fscache"
    )
    scratch: Filesystem | None = Field(None, description="room for jobs, at /scratch")
    tmp: Filesystem | None = Field(None, description="/tmp; mounted from the next boot on")
    var: Filesystem | None = Field(
        None, description="/var, while that is empty; that of a machine at work never is, and is refused"
    )
    home: Filesystem | None = Field(None, description="/home, while that is empty: a filled one is refused")
    swap: Swap | None = Field(None, description="swap space")

    @property
    def volumes(self) -> Mapping[Purpose, Filesystem | Swap]:
        """What is wished for, in the order on a disk."""
        wished = {purpose: getattr(self, purpose.value) for purpose in Purpose}
        there = {purpose: volume for purpose, volume in wished.items() if volume is not None}
        return dict(sorted(there.items(), key=lambda item: item[1].size == REST))


def of_node(layout: Layout, names: Mapping[str, str]) -> Layout:
    """Return a layout for one node: `names` say by use what its cloud volumes are called there.

    A use that the node has no volume for stays as it is, and no disk fits it.
    """
    use = dict(layout.use)
    for key, place in layout.use.items():
        if place.cloud_volume and place.cloud_volume in names:
            use[key] = place.model_copy(update={"id": names[place.cloud_volume], "cloud_volume": None})
    return layout.model_copy(update={"use": use})


def amount(text: str) -> int:
    """`50GiB` -> bytes."""
    return int(text[:-3]) * UNITS[text[-3:]]
