"""cachefilesd, decided: how full the cache may get, or why there can be none. Pure."""

from dataclasses import dataclass
from pathlib import Path

from deploys.hostops.wanted import File, Link, Unit
from nightfleet.mounted import Mounted, ceph_twice
from nightfleet.site import Node, Site
from nightfleet.site.shares import mounts_of

TEMPLATES = Path(__file__).parent / "templates"
ETC = "/etc/nightfleet/cachefilesd"
CONF = "/etc/cachefilesd.conf"
UNITS = "/etc/systemd/system"
UNIT = f"{UNITS}/nightfleet-cachefilesd.service"
WHERE = "/var/cache/fscache"
MOVES = (TEMPLATES / "moves.sh").read_text(encoding="utf-8")  # for whoever mounts with a cache
GOOD = ("xfs", "ext4", "btrfs")  # with user attributes and a map of blocks


@dataclass(frozen=True, slots=True)
class Found:
    """What the host said."""

    kernel: bool = False  # it has FS-Cache and cachefiles
    release: str = ""
    filesystem: str = ""  # below /var/cache/fscache
    mounted_at: str = ""
    mounts: tuple[Mounted, ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """Percent that stay free: above `run` nothing is thrown away, below `stop` nothing is added."""

    run: int
    cull: int
    stop: int
    because: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Everything that cachefilesd puts on one host."""

    packages: tuple[str, ...]
    masks: tuple[Link, ...]
    files: tuple[File, ...]
    units: tuple[Unit, ...]
    limits: Limits


def refusals(site: Site, node: Node, found: Found) -> list[str]:
    """Say why nothing can be cached here."""
    asked = asking(site, node)
    if not found.kernel:
        what = f"{asked} asks for a cache, and kernel {found.release or 'of this host'} has no FS-Cache"
        return [f"{what} (CONFIG_CACHEFILES); take `cache: true` out there, or these nodes out of the mount"]
    reasons = list(ceph_twice(found.mounts))
    if is_dedicated(site, node) and found.mounted_at != WHERE:
        reasons.append(f"{WHERE} has no filesystem of its own yet; nightfleet converge --only disks")
    if found.filesystem not in GOOD:
        reasons.append(
            f"a cache needs {', '.join(GOOD[:-1])} or {GOOD[-1]}, and {WHERE} lies on"
            f" {found.filesystem or 'nobody knows what'}"
        )
    return reasons


def asking(site: Site, node: Node) -> str:
    """Name the first that is to be read through the cache, as it stands in the site file."""
    mounts = [f"nfs.mounts.{name}" for name, mount in mounts_of(site, node).items() if mount.cache]
    folders = site.cephfs.of_class(node.class_name).items()
    return next(
        iter([*mounts, *(f"cephfs.shares.{name}" for name, share in folders if share.cache)]),
        "a volume of pods",
    )


def plan(site: Site, node: Node) -> Wanted:
    """Decide what `node` gets."""
    limits = limits_of(site, node)
    conf = File.from_template(CONF, TEMPLATES / "cachefilesd.conf.j2", limits=limits)
    unit = File(UNIT, (TEMPLATES / "nightfleet-cachefilesd.service").read_text(encoding="utf-8"))
    switch = File("/etc/default/cachefilesd", (TEMPLATES / "default").read_text(encoding="utf-8"))
    mark = File(f"{ETC}/keeps", f"{WHERE}\n")
    return Wanted(
        packages=("cachefilesd",),
        masks=(Link(f"{UNITS}/cachefilesd.service", "/dev/null"),),
        files=(conf, switch, unit, mark),
        units=(Unit("nightfleet-cachefilesd.service", reads=(conf.path, unit.path)),),
        limits=limits,
    )


def is_dedicated(site: Site, node: Node) -> bool:
    """Tell whether the cache has a filesystem for itself."""
    layout = site.layout(node)
    if site.cache.disk != "auto":
        return site.cache.disk == "dedicated"
    return layout is not None and layout.fscache is not None


def limits_of(site: Site, node: Node) -> Limits:
    """Compute the limits: a dedicated cache fills its disk, another one yields before kubelet frees room."""
    said = site.cache
    if said.run and said.cull and said.stop:
        return Limits(said.run, said.cull, said.stop, "as the site file says")
    if is_dedicated(site, node):
        return Limits(10, 7, 3, "the cache has this filesystem for itself")
    evictions = [site.kubernetes.eviction.nodefs_available, site.kubernetes.eviction.imagefs_available]
    percent = [float(one[:-1]) for one in evictions if one.endswith("%")]
    begins = min(80, int(max([100 - site.kubernetes.image_gc_high, *percent])))
    why = (
        f"others need this filesystem too: kubelet frees room when {begins} % are left, the cache well before"
    )
    return Limits(begins + 15, begins + 10, begins + 5, why)
