"""disks, decided: packages, mount units, kubelet's thresholds; the layout: nightfleet.disks.plan. Pure."""

from dataclasses import dataclass
from pathlib import Path

from deploys.hostops.wanted import File, Unit
from nightfleet.disks.eviction import Thresholds, thresholds
from nightfleet.disks.found import Found
from nightfleet.disks.plan import DiskPlan, is_mounted
from nightfleet.disks.volume import LOGS, LOGS_SOURCE, Volume
from nightfleet.site import Node, Site
from nightfleet.site.disks import Layout, Purpose

TEMPLATES = Path(__file__).parent / "templates"
UNITS = "/etc/systemd/system"
ETC = "/etc/nightfleet/disks"
MARK = f"{ETC}/laid-out"  # says where our units are
DROP_IN = "/etc/kubernetes/kubelet.d/95-nightfleet-disks.conf"  # after kubernetes' own, 90
NEEDED_BY = {
    Purpose.IMAGEFS: ("containerd.service",),
    Purpose.NODEFS: ("containerd.service", "kubelet.service"),
}
LOGS_UNIT = "var-log-pods.mount"
OPTIONS = {Purpose.SCRATCH: "nodev,nosuid", Purpose.TMP: "nodev,nosuid"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Everything that disks puts on one host."""

    packages: tuple[str, ...]
    files: tuple[File, ...]
    absent: tuple[str, ...]
    units: tuple[Unit, ...]
    logs: Unit | None  # of /var/log/pods, once kubelet's filesystem is there
    reboot: tuple[str, ...]  # reasons
    thresholds: Thresholds | None


def plan(site: Site, node: Node, found: Found, planned: DiskPlan) -> Wanted:
    """Decide what `node` gets beside the filesystems."""
    layout = site.layout(node)
    mounts = [unit for volume in planned.volumes for unit in unit_files(volume, found.quota)]
    limits = thresholds(planned.by_purpose, site.kubernetes)
    drop_in = [kubelet(limits)] if limits else []
    names = [unit.path.rpartition("/")[2] for unit in mounts]
    return Wanted(
        packages=packages(layout) if layout else (),
        files=(*mounts, *drop_in, File(MARK, "grep -l deploys/disks /etc/systemd/system/*\n")),
        absent=() if limits else (DROP_IN,),
        units=tuple(Unit(name, start=name != "tmp.mount") for name in names if name != LOGS_UNIT),
        logs=Unit(LOGS_UNIT) if LOGS_UNIT in names else None,
        reboot=tuple(
            "/tmp gets a filesystem of its own"
            for volume in planned.volumes
            if volume.purpose is Purpose.TMP and not is_mounted(found, volume, volume.where)
        ),
        thresholds=limits,
    )


def refusals(planned: DiskPlan, wanted: Wanted) -> list[str]:
    """Say why this host stops here: what was found on its disks, or thresholds that contradict each other."""
    return [*planned.refusals, *(wanted.thresholds.refusals if wanted.thresholds else ())]


def packages(layout: Layout) -> tuple[str, ...]:
    """Return what makes and checks the filesystems of a layout."""
    kinds = {getattr(volume, "filesystem", "swap") for volume in layout.volumes.values()}
    places = layout.use.values()
    needed = {
        "xfsprogs": "xfs" in kinds,
        "e2fsprogs": "ext4" in kinds,
        "fdisk": any(place.names_a_disk for place in places),
        "lvm2": any(place.volume_group for place in places),
    }
    return tuple(sorted(name for name, is_needed in needed.items() if is_needed))


def unit_files(volume: Volume, quota: bool) -> list[File]:
    """Return the units of a volume; nodefs brings the pods' logs along."""
    if volume.purpose is Purpose.SWAP:
        path = f"{UNITS}/{escaped(volume.what)}.swap"
        return [File.from_template(path, TEMPLATES / "swap.j2", volume=volume)]
    options = [OPTIONS.get(volume.purpose, "defaults")]
    options += ["prjquota"] if volume.filesystem == "xfs" and quota else []
    options += ["loop"] if volume.image else []
    mount = _mount(volume, volume.where, volume.what, volume.filesystem, ",".join(options))
    if volume.purpose is not Purpose.NODEFS:
        return [mount]
    return [mount, _mount(volume, LOGS, LOGS_SOURCE, "none", "bind")]


def _mount(volume: Volume, where: str, what: str, kind: str, options: str) -> File:
    return File.from_template(
        f"{UNITS}/{escaped(where)}.mount",
        TEMPLATES / "mount.j2",
        volume=volume,
        where=where,
        what=what,
        kind=kind,
        options=options,
        needed_by=NEEDED_BY.get(volume.purpose, ()),
    )


def kubelet(limits: Thresholds) -> File:
    """Return kubelet's thresholds, each with its reason."""
    return File.from_template(DROP_IN, TEMPLATES / "kubelet.yaml.j2", limits=limits)


def escaped(path: str) -> str:
    """Write a path as a unit's name does: /dev/by-uuid/x -> dev-by\\x2duuid-x (systemd.unit(5))."""
    text = path.strip("/").replace("-", "\\x2d").replace("/", "-")
    return f"\\x2e{text[1:]}" if text.startswith(".") else text
