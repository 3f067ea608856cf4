"""nfs_server, decided: which server, which exports for whom, which limits; or why not. Pure."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from deploys.hostops.wanted import File, Link, Unit
from nightfleet.site import Kind, Node, Site
from nightfleet.site.disks import amount
from nightfleet.site.shares import Share, served_by

TEMPLATES = Path(__file__).parent / "templates"
ETC = "/etc/nightfleet/nfs_server"
UNITS = "/etc/systemd/system"
EXPORTS = "/etc/exports.d/nightfleet.exports"
GANESHA = f"{ETC}/exports.conf"
MARK = f"{ETC}/serves"  # says that there is something to undo
LOADED = {"kernel": "/var/lib/nfs/etab", "ganesha": "/run/ganesha/loaded"}  # written when exports are read
FIRST_PROJECT = 1_000_000  # ids of XFS projects below are left to others


class Program(StrEnum):
    """Who serves."""

    KERNEL = "kernel"
    GANESHA = "ganesha"


@dataclass(frozen=True, slots=True)
class Folder:
    """One folder of the host: where it lies, and its XFS project (0: none)."""

    there: bool
    filesystem: str
    mounted_at: str
    options: str
    project: int = 0

    @property
    def has_quotas(self) -> bool:
        """Whether a limit can be kept here."""
        return self.filesystem == "xfs" and "prjquota" in self.options.split(",")


@dataclass(frozen=True, slots=True)
class Found:
    """What the host said."""

    kernel: bool = False  # it has nfsd
    listener: str = ""  # on port 2049, as ss prints it
    folders: Mapping[str, Folder] = field(default_factory=dict)
    limits: Mapping[tuple[str, int], int] = field(default_factory=dict)  # mount point and project: bytes


@dataclass(frozen=True, slots=True)
class Quota:
    """One folder's limit."""

    path: str
    project: int
    most: int  # bytes; 0 takes a limit away


@dataclass(frozen=True, slots=True)
class Wanted:
    """Everything that nfs_server puts on one host."""

    program: Program
    packages: tuple[str, ...]
    masks: tuple[Link, ...]
    folders: tuple[tuple[str, str], ...]  # path, mode of a new one
    quotas: tuple[Quota, ...]
    files: tuple[File, ...]
    units: tuple[Unit, ...]
    exports: str  # the file that the server reads exports from
    loaded: str  # what is younger than it when they are in force


def program(node: Node, found: Found) -> Program:
    """Choose the server. A container shares its machine's kernel, whose server is not its own."""
    return Program.KERNEL if found.kernel and node.machine.kind is not Kind.CONTAINER else Program.GANESHA


def refusals(site: Site, node: Node, found: Found) -> list[str]:
    """Say why this host serves nothing."""
    reasons = []
    for share in served_by(site, node):
        folder = found.folders.get(share.path)
        if folder is None:
            reasons.append(
                f"{share.path}: nobody knows on which filesystem it lies; does findmnt work there?"
            )
        elif folder.filesystem in ("overlay", "tmpfs", "nfs", "nfs4", "ceph", "fuse.ceph-fuse"):
            what = f"{share.path} lies on {folder.filesystem} ({folder.mounted_at}), which cannot be served"
            reasons.append(f"{what}; give it a filesystem of its own")
        elif share.quota and not folder.has_quotas:
            what = f"{share.name} may hold {share.quota}, and {folder.mounted_at} is {folder.filesystem}"
            reasons.append(f"{what} without project quotas; mount XFS with prjquota, or take its quota out")
    return [*reasons, *port_refusals(program(node, found), found.listener)]


def port_refusals(chosen: Program, listener: str) -> list[str]:
    """Say who else listens; the kernel's own server has no process, so that ss names none."""
    serves = (
        Program.GANESHA if "ganesha.nfsd" in listener else None if "users:" in listener else Program.KERNEL
    )
    if not listener or serves is chosen:
        return []
    if serves is Program.GANESHA:
        return ["NFS-Ganesha serves here, and the kernel could: stop nightfleet-ganesha.service first"]
    return [f"port 2049 is taken: {' '.join(listener.split()[1:])}"]


def plan(site: Site, node: Node, found: Found) -> Wanted:
    """Decide what `node` serves."""
    chosen, mine = program(node, found), served_by(site, node)
    quotas = tuple(
        Quota(share.path, number, amount(share.quota) if share.quota else 0)
        for share, number in numbered(mine, FIRST_PROJECT, 1 << 20)
        if (folder := found.folders.get(share.path)) and folder.has_quotas
    )
    common = (File(MARK, f"{chosen}\n"),)
    make = _kernel if chosen is Program.KERNEL else _ganesha
    packages, masks, files, unit, exports = make(site, mine)
    return Wanted(
        program=chosen,
        packages=(*packages, *(("xfsprogs",) if quotas else ())),
        masks=masks,
        folders=tuple((share.path, share.export.mode) for share in mine),
        quotas=quotas,
        files=(*files, *common),
        units=(unit,),
        exports=exports,
        loaded=LOADED[chosen],
    )


Made = tuple[tuple[str, ...], tuple[Link, ...], tuple[File, ...], Unit, str]


def _kernel(site: Site, mine: Sequence[Share]) -> Made:
    settings = File.from_template(
        "/etc/nfs.conf.d/nightfleet.conf", TEMPLATES / "nfs.conf.j2", threads=site.nfs.threads
    )
    mounts = File.from_template(
        f"{UNITS}/nfs-server.service.d/nightfleet.conf", TEMPLATES / "needs.conf.j2", shares=mine
    )
    exports = File.from_template(EXPORTS, TEMPLATES / "exports.j2", shares=mine)
    unit = Unit("nfs-server.service", reads=(settings.path, mounts.path))
    return ("nfs-kernel-server",), (), (settings, mounts, exports), unit, EXPORTS


def _ganesha(_: Site, mine: Sequence[Share]) -> Made:
    settings = File(f"{ETC}/ganesha.conf", (TEMPLATES / "ganesha.conf").read_text(encoding="utf-8"))
    exports = File.from_template(
        GANESHA, TEMPLATES / "ganesha-exports.conf.j2", shares=numbered(mine, 1, 60_000)
    )
    unit = File.from_template(
        f"{UNITS}/nightfleet-ganesha.service", TEMPLATES / "nightfleet-ganesha.service.j2", shares=mine
    )
    masks = tuple(Link(f"{UNITS}/{one}.service", "/dev/null") for one in ("nfs-ganesha", "nfs-ganesha-lock"))
    runs = Unit("nightfleet-ganesha.service", reads=(settings.path, unit.path))
    return ("nfs-ganesha", "nfs-ganesha-vfs"), masks, (settings, exports, unit), runs, GANESHA


def numbered(mine: Sequence[Share], first: int, span: int) -> list[tuple[Share, int]]:
    """Give every share a number of its own that does not change when others come and go: clients keep it."""
    taken: dict[str, int] = {}
    for share in sorted(mine, key=lambda one: one.name):
        number = zlib.crc32(share.name.encode()) % span
        while first + number in taken.values():
            number = (number + 1) % span
        taken[share.name] = first + number
    return [(share, taken[share.name]) for share in mine]


def quota_steps(quotas: Sequence[Quota], found: Found) -> list[tuple[str, ...]]:
    """Return xfs_quota's commands that bring limits to where they should be: mount point, command."""
    steps: list[tuple[str, ...]] = []
    for quota in quotas:
        folder = found.folders.get(quota.path)
        if folder is None or not folder.has_quotas:
            continue
        at = folder.mounted_at
        if folder.project != quota.project and quota.most:
            steps.append((at, f"project -s -p {quota.path} {quota.project}"))
        if found.limits.get((at, quota.project), 0) != quota.most:
            steps.append((at, f"limit -p bhard={quota.most >> 10}k {quota.project}"))
    return steps
