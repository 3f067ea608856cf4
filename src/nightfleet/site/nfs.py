"""`nfs`: storage that many nodes share: what is exported, who mounts it where, what pods may ask for."""

from typing import Annotated, Literal

from pydantic import Field

from nightfleet.site.disks import Amount
from nightfleet.site.section import Directory, Host, Name, Network4, Section, Word, form

Mode = Annotated[str, form("[0-7]{3,4}", "a mode in octal like '2770', in quotes")]
ShareName = Annotated[
    str,
    form(r"[a-z0-9-]+(/[a-z0-9-]+)?", "an export like 'datasets', or one tenant of it, 'datasets/vision'"),
]


class Tenant(Section):
    """A folder of an export that is exported by itself, with its own path, clients and quota."""

    clients: tuple[Network4, ...] = Field((), description="who may mount it; by default those of the export")
    quota: Amount | None = Field(None, description="most that it may hold; needs XFS with project quotas")


class Export(Section):
    """A folder of a node that others may mount. With tenants, only their folders are exported."""

    on: Name = Field(description="the node that serves it")
    path: Directory = Field(
        description="the folder; best a filesystem of its own", examples=["/srv/nfs/data"]
    )
    clients: tuple[Network4, ...] = Field(
        (), description="who may mount it; by default all of network.nodes", examples=[["10.50.0.32/28"]]
    )
    read_only: bool = Field(False, description="nobody writes through it")
    squash: Literal["root", "all", "none"] = Field(
        "root", description="which users of clients become nobody: root, all of them, or none"
    )
    mode: Mode = Field(
        "777",
        description="of a folder that is made; one that is there stays as it is. With the sticky bit, '1777',"
        " Linux lets no squashed root open its own files there again (fs.protected_regular)",
    )
    quota: Amount | None = Field(None, description="most that it may hold; needs XFS with project quotas")
    tenants: dict[Name, Tenant] = Field(default_factory=dict, description="folders that are exported apart")


class Use(Section):
    """How a share is mounted. It waits for an absent server (`hard`): data is late, never wrong."""

    export: ShareName | None = Field(None, description="an export of this site, or a tenant of one")
    server: Host | None = Field(None, description="a server elsewhere, instead of `export`")
    path: Directory | None = Field(None, description="what that server exports")
    version: Literal["4.1", "4.2"] = Field("4.2", description="of NFS")
    nconnect: int = Field(
        4, ge=1, le=16, description="TCP connections to the server; the first mount of a server decides"
    )
    cache: bool = Field(False, description="keep what was read on a local disk (fsc); section `cache`")
    read_only: bool = Field(False, description="mounted for reading only")


class Mount(Use):
    """A share on nodes themselves, mounted when somebody looks at it, never at boot."""

    at: Directory = Field(description="where", examples=["/mnt/datasets"])
    on: Word | None = Field(
        None, description="nodes, as names or a range; by default every worker", examples=["gpu-[1-8]"]
    )
    idle: int = Field(600, ge=0, description="seconds without use after which it is unmounted; 0: never")


class Volume(Use):
    """A PersistentVolume for one claim, by Kubernetes' own NFS plugin: it needs no driver."""

    namespace: Name = Field(description="whose claim, of the volume's name, it is for")
    size: Amount = Field("1TiB", description="what it says it has; only a quota on the server limits it")


class VolumeClass(Use):
    """A StorageClass of csi-driver-nfs: every claim gets a folder NAMESPACE/CLAIM of its own on the share."""

    reclaim: Literal["retain", "archive", "delete"] = Field(
        "retain", description="what becomes of the folder when its claim is deleted; archive: it is renamed"
    )


class Nfs(Section):
    """Exports, mounts and volumes. Nothing happens without them."""

    exports: dict[Name, Export] = Field(default_factory=dict, description="what nodes of this site serve")
    mounts: dict[Name, Mount] = Field(default_factory=dict, description="what nodes themselves mount")
    classes: dict[Name, VolumeClass] = Field(
        default_factory=dict, description="what pods may claim, where csi-driver-nfs is installed"
    )
    volumes: dict[Name, Volume] = Field(
        default_factory=dict, description="volumes that are there already, by their names"
    )
    threads: int = Field(
        16, ge=1, le=1024, description="threads of the kernel's server; Ganesha has as many as it needs"
    )
