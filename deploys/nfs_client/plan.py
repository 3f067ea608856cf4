"""nfs_client, decided: units that mount on first use, or why nothing can be mounted. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploys.hostops.wanted import File, Unit
from nightfleet.mounted import Mounted
from nightfleet.site import Node, Role, Site
from nightfleet.site.nfs import Mount, Use
from nightfleet.site.shares import mounts_of, source

TEMPLATES = Path(__file__).parent / "templates"
ETC = "/etc/nightfleet/nfs_client"
UNITS = "/etc/systemd/system"


@dataclass(frozen=True, slots=True)
class Found:
    """What the host said."""

    kernel: bool = False  # it can mount NFS 4
    release: str = ""
    silent: tuple[str, ...] = ()  # places that did not answer in time
    past: tuple[str, ...] = ()  # places where a read went past the cache
    unread: tuple[str, ...] = ()  # places where nothing could be read anew
    units: tuple[str, ...] = ()  # automounts of ours
    mounts: tuple[Mounted, ...] = ()
    idles: Mapping[str, int] = field(default_factory=dict)  # place of an automount -> seconds
    volumes: dict[str, bool] | None = None  # device -> FSC


@dataclass(frozen=True, slots=True)
class Wanted:
    """Everything that nfs_client puts on one host."""

    packages: tuple[str, ...]
    files: tuple[File, ...]
    absent: tuple[str, ...]
    retired: tuple[str, ...]  # automounts of ours that the site no longer has
    units: tuple[Unit, ...]
    mounts: tuple[tuple[str, Mount], ...]  # what is mounted (server:path), and how
    cached: tuple[str, ...]  # places that are proven to be


def refusals(site: Site, node: Node, found: Found) -> list[str]:
    """Say why the shares cannot be mounted here."""
    mounts = mounts_of(site, node)
    if not mounts or found.kernel:
        return []
    what = f"kernel {found.release or 'of this host'} has no NFS client, and the site mounts"
    return [f"{what} {', '.join(mounts)} here; take {node.name} out of nfs.mounts.{next(iter(mounts))}.on"]


def plan(site: Site, node: Node, found: Found) -> Wanted:
    """Decide what `node` mounts."""
    mine = mounts_of(site, node)
    of_pods = bool(site.nfs.volumes) and node.has(Role.WORKER)  # kubelet calls mount.nfs of the host
    files = [file for name, mount in mine.items() for file in unit_files(site, name, mount)]
    names = [f"{escaped(mount.at)}.automount" for mount in mine.values()]
    retired = tuple(unit for unit in found.units if unit not in names)
    mark = File(f"{ETC}/mounts", "".join(f"{mount.at}\n" for mount in mine.values()))
    gone = [name for unit in retired for name in (unit, f"{unit.removesuffix('.automount')}.mount")]
    return Wanted(
        packages=("nfs-common",) if mine or of_pods else (),
        files=(*files, mark) if mine else (),
        absent=(*(f"{UNITS}/{name}" for name in gone), *(() if mine else (mark.path,))),
        retired=retired,
        units=tuple(Unit(name) for name in names),
        mounts=tuple((":".join(source(site, mount)), mount) for mount in mine.values()),
        cached=tuple(mount.at for mount in mine.values() if mount.cache),
    )


def unit_files(site: Site, name: str, mount: Mount) -> list[File]:
    """Return the mount and the automount of a share."""
    unit, what = escaped(mount.at), ":".join(source(site, mount))
    return [
        File.from_template(
            f"{UNITS}/{unit}.{kind}",
            TEMPLATES / f"{kind}.j2",
            name=name,
            mount=mount,
            what=what,
            options=",".join(options(mount)),
        )
        for kind in ("mount", "automount")
    ]


def options(use: Use) -> list[str]:
    """Return how a share is mounted; `hard` waits, for `soft` gives programs wrong data (nfs(5))."""
    return [
        *(
            "hard",
            "proto=tcp",
            f"vers={use.version}",
            f"nconnect={use.nconnect}",
            "noatime",
            "nodev",
            "nosuid",
        ),
        *(["fsc"] if use.cache else []),
        *(["ro"] if use.read_only else []),
        "_netdev",
    ]


def astray(wanted: Wanted, found: Found) -> list[str]:
    """Return the places that are mounted otherwise than they should be."""
    by_place = {mount.where: mount for mount in found.mounts}
    return [
        mount.at
        for what, mount in wanted.mounts
        if (seen := by_place.get(mount.at)) and not agrees(seen, what, mount)
    ]


def other_idle(wanted: Wanted, found: Found) -> list[str]:
    """Return the places whose automounts run with another idle time than they should."""
    return [mount.at for _, mount in wanted.mounts if found.idles.get(mount.at, mount.idle) != mount.idle]


def agrees(seen: Mounted, what: str, mount: Mount) -> bool:
    """Tell whether a mount is the one that is wished for.

    Not by nconnect: all mounts of one server share its connections, and the first one says how many.
    """
    return (
        seen.source == what
        and seen.value("vers") == mount.version
        and seen.cached == mount.cache
        and ("ro" in seen.options) is mount.read_only
    )


def escaped(path: str) -> str:
    """Write a path as a unit's name does: /mnt/my-data -> mnt-my\\x2ddata (systemd.unit(5))."""
    text = path.strip("/").replace("-", "\\x2d").replace("/", "-")
    return f"\\x2e{text[1:]}" if text.startswith(".") else text
