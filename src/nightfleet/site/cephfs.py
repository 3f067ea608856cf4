"""`cephfs`: folders of a CephFS that exists already, mounted on nodes; nightfleet makes no Ceph."""

import base64
import binascii
import configparser
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from nightfleet.errors import Exit, NightfleetError
from nightfleet.site.section import File, Host, Memory, Name, Section, Word, form

Uuid = Annotated[str, form(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "a UUID, as `ceph fsid` prints it")]
# A helper of ceph-fuse hands paths to a shell.
Folder = Annotated[
    str, form(r"/|(/[A-Za-z0-9_.-]+)+", "an absolute path of letters, digits, '.', '_' and '-'")
]
Client = Annotated[str, form(r"[A-Za-z0-9][A-Za-z0-9_.-]*", "a client's name, without 'client.'")]


class Driver(StrEnum):
    """What mounts."""

    AUTO = "auto"
    KERNEL = "kernel"
    FUSE = "fuse"


class Share(Section):
    """One folder of the file system, and the client that may use it."""

    path: Folder = Field(
        description="folder in the file system: /team, or what `ceph fs subvolume getpath` says"
    )
    at: Folder = Field(description="where nodes mount it", examples=["/srv/cephfs/team"])
    client: Client = Field(description="name of the client, made by `ceph fs authorize` for this path")
    keyring: File = Field(description="your file with the client's keyring, as that command prints it")
    read_only: bool = Field(False, description="mount it read-only")
    cache: bool = Field(
        False, description="keep what was read on the node (fsc): the kernel's client, and cachefilesd"
    )
    classes: tuple[Name, ...] = Field((), description="classes of nodes that mount it; all by default")
    size: Memory = Field("1Ti", description="what its PersistentVolume says; the quota is set in Ceph")


class Csi(Section):
    """What ceph-csi is told; the driver itself is yours to install."""

    pool: Word = Field("cephfs_data", description="data pool of volumes that are made on demand")
    subvolume_group: Name = Field("csi", description="group of subvolumes that they are made in")
    reclaim: Literal["Retain", "Delete"] = Field("Retain", description="what becomes of a released volume")
    mount_options: tuple[Word, ...] = Field((), description="for the kernel's client", examples=[["fsc"]])


class CephFs(Section):
    """Without monitors and shares nothing is mounted."""

    monitors: tuple[Host, ...] = Field(
        (), description="addresses of the monitors", examples=[["10.0.9.1", "10.0.9.2", "10.0.9.3"]]
    )
    fsid: Uuid | None = Field(None, description="of the cluster, for ceph-csi: `ceph fsid`")
    filesystem: Client = Field("cephfs", description="name of the file system: `ceph fs ls`")
    driver: Driver = Field(
        Driver.AUTO, description="auto is the kernel's client where the kernel has it, else ceph-fuse"
    )
    patience: int = Field(30, ge=5, description="seconds until a mount gives up on a cluster that is away")
    shares: dict[Name, Share] = Field(default_factory=dict, description="what is mounted, by a name of yours")
    csi: Csi | None = Field(None, description="only with ceph-csi: volumes that are made on demand")

    def of_class(self, name: str) -> dict[str, Share]:
        """Return the shares that nodes of a class mount."""
        return {key: share for key, share in self.shares.items() if name in (share.classes or (name,))}


def key_of(text: str, client: str, where: str) -> str:
    """Read a client's key from a keyring. NightfleetError (exit 2) when it is not there; never shows it."""
    section, hint = f"client.{client}", f"`ceph auth get client.{client}` prints the keyring"
    found = configparser.ConfigParser(interpolation=None, default_section="", strict=False)
    try:
        # `ceph` indents keys by a tab, which configparser would take for a line that goes on
        found.read_string("\n".join(line.strip() for line in text.splitlines()))
        key = found[section]["key"]
        base64.b64decode(key, validate=True)
    except (configparser.Error, KeyError, binascii.Error) as error:
        what = f"no key of {section} in the keyring"
        raise NightfleetError(what, where, hint, Exit.USAGE) from error
    return key
