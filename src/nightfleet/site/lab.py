"""`lab`: only for the embedded site: how hosts are made on this machine."""

from typing import Annotated, Literal

from pydantic import Field

from nightfleet.site.section import Address, Directory, Section, form

Bridge = Annotated[
    str,
    form(
        "[a-z][-a-z0-9]{0,14}", "an interface's name of lower-case letters, digits and '-', at most 15 long"
    ),
]


class Disk(Section):
    """One disk image of a lab host."""

    mount: Directory = Field(description="mount point in the host", examples=["/var/lib/containerd"])
    size: int = Field(ge=1, description="GiB; the file is sparse")
    filesystem: Literal["xfs", "ext4"] = Field("xfs", description="made once, when the image is new")


class Lab(Section):
    """The bridge that hosts are plugged into, and the disks they get by role."""

    bridge: Bridge = Field("nf-lab", description="name of the bridge on this machine")
    gateway: Address = Field(description="this machine's address on the bridge; also serves the depot")
    disks: dict[str, Disk] = Field(
        default_factory=lambda: {
            "imagefs": Disk(mount="/var/lib/containerd", size=8, filesystem="xfs"),
            "nodefs": Disk(mount="/var/lib/kubelet", size=4, filesystem="xfs"),
        },
        description="disks of every host",
    )
    control_plane_disks: dict[str, Disk] = Field(
        default_factory=lambda: {"etcd": Disk(mount="/var/lib/etcd", size=2, filesystem="xfs")},
        description="further disks of control planes",
    )
    registry_disks: dict[str, Disk] = Field(
        default_factory=lambda: {"registry": Disk(mount="/var/lib/registry", size=8, filesystem="xfs")},
        description="further disks of registry nodes",
    )
