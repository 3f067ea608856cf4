"""What a layout wants on one machine: volumes, each with an identity by which it is known again. Pure."""

from dataclasses import dataclass
from uuid import UUID, uuid5

from nightfleet.site.disks import MOUNTPOINTS, Filesystem, Layout, Purpose, Swap

OURS = UUID("6d9c2f3e-51b5-4b0a-9c1e-0c3a3e0f7d11")  # a name space, chosen once by chance
LOGS, LOGS_SOURCE = "/var/log/pods", "/var/lib/kubelet/nightfleet-log-pods"
BY_UUID = "/dev/disk/by-uuid"


@dataclass(frozen=True, slots=True)
class Wish:
    """The layout of one node's class, for that node."""

    site: str
    node: str
    layout: Layout
    opened: frozenset[str] = frozenset()  # serials of disks whose content a person gave up
    moving: bool = False  # what is in the way of a mount will be moved onto the new filesystem

    def uuid(self, purpose: Purpose) -> str:
        """Identity of a filesystem: of this site, node and purpose, and of no other."""
        return str(uuid5(OURS, f"{self.site}/{self.node}/{purpose}"))

    def filesystem(self, purpose: Purpose) -> str:
        """xfs, ext4 or swap."""
        volume: Filesystem | Swap = self.layout.volumes[purpose]
        return "swap" if isinstance(volume, Swap) else volume.filesystem


@dataclass(frozen=True, slots=True)
class Volume:
    """A filesystem as it will be: what it is made of, how large, and where it belongs."""

    purpose: Purpose
    filesystem: str
    uuid: str
    size: int  # bytes of the medium
    medium: str  # for people, the same at every boot: `the disk of serial S5GXNX0T`, `volume group data`
    image: str = ""  # the file, where it is one
    disk: str = ""  # the disk's name at this boot

    @property
    def where(self) -> str:
        """Mount point; swap has none."""
        return MOUNTPOINTS[self.purpose]

    @property
    def what(self) -> str:
        """What to mount, by a name that lasts."""
        return self.image or f"{BY_UUID}/{self.uuid}"
