"""cephfs_client, decided: which client mounts what, with which key, and what speaks against it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploys.hostops.wanted import File, Unit
from nightfleet.site import Node, Site
from nightfleet.site.cephfs import Driver, Share

TEMPLATES = Path(__file__).parent / "templates"
ETC, UNITS = "/etc/ceph", "/etc/systemd/system"
CONF = f"{ETC}/ceph.conf"
FIRST_LINE = "# Written by nightfleet (deploys/cephfs_client): the least that a client needs."
MARK = "/etc/nightfleet/cephfs/files"  # our files in /etc/ceph, one a line: others may have theirs there
PACKAGES = {Driver.KERNEL: ("ceph-common",), Driver.FUSE: ("ceph-fuse",)}
AUTOFS, OF_CEPH = "autofs", ("ceph", "fuse.ceph-fuse")


@dataclass(frozen=True, slots=True)
class Mounted:
    """One line of /proc/self/mounts."""

    at: str
    kind: str
    options: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What a node says about itself."""

    kernel: bool = False  # its kernel has ceph
    fuse: bool = False  # it has /dev/fuse
    conf: str | None = None  # first line of /etc/ceph/ceph.conf
    ours: tuple[str, ...] = ()  # files in /etc/ceph that are ours, or were
    there: tuple[str, ...] = ()  # those of them that exist
    units: tuple[str, ...] = ()  # our automounts
    mounts: tuple[Mounted, ...] = ()
    runs: tuple[str, ...] = ()  # command lines of ceph-fuse
    filled: tuple[str, ...] = ()  # places where nothing is mounted, and yet something lies


@dataclass(frozen=True, slots=True)
class Wanted:
    """Everything that cephfs_client puts on one node."""

    packages: tuple[str, ...]
    files: tuple[File, ...]
    units: tuple[Unit, ...]
    kind: Driver  # what mounts
    shares: tuple[Share, ...]

    @property
    def cached(self) -> tuple[str, ...]:
        """Places that are read through a cache: ceph-fuse has none."""
        return tuple(share.at for share in self.shares if share.cache and self.kind is Driver.KERNEL)


def driver(site: Site, found: Found) -> Driver:
    """Return which client mounts: the site's word, else the kernel's where it has one."""
    wished = site.cephfs.driver
    if wished is not Driver.AUTO:
        return wished
    return Driver.KERNEL if found.kernel else Driver.FUSE


def refusals(site: Site, node: Node, found: Found) -> list[str]:
    """Say why this node cannot mount its shares."""
    shares = site.cephfs.of_class(node.class_name)
    chosen = driver(site, found)
    reasons = []
    if chosen is Driver.KERNEL and not found.kernel:
        reasons.append("the kernel has no ceph; set cephfs.driver to auto or fuse")
    if chosen is Driver.FUSE and not found.fuse:
        reasons.append("the kernel has no ceph, and there is no /dev/fuse for ceph-fuse: modprobe fuse")
    if found.conf is not None and found.conf != FIRST_LINE:
        reasons.append(
            f"{CONF} is not ours and stays: this machine is part of a Ceph; move it away to mount here"
        )
    for name, share in shares.items():
        kinds = {mount.kind for mount in found.mounts if mount.at == share.at}
        if kinds and not kinds & {AUTOFS, *OF_CEPH}:
            reasons.append(
                f"{share.at} carries {', '.join(sorted(kinds))}; give cephfs.shares.{name} another place"
            )
        if share.at in found.filled:
            reasons.append(f"{share.at} is not empty, and a mount would hide what lies there")
    return reasons + conflicts(shares, found, chosen)


def conflicts(shares: Mapping[str, Share], found: Found, chosen: Driver) -> list[str]:
    """Find who caches already: the kernel refuses a second mount of a cluster under one name of a cache."""
    ours = {share.at for share in shares.values()}
    names = {fsc(name, shares) for name, share in shares.items() if share.cache}
    return [
        f"{mount.at} is a mount of CephFS with {used}, which only one may be: unmount it, or mount it with"
        " fsc=NAME"
        for mount in found.mounts
        if mount.kind == "ceph" and mount.at not in ours and chosen is Driver.KERNEL
        for used in names.intersection(mount.options.split(","))
    ]


def fsc(name: str, shares: Mapping[str, Share]) -> str:
    """Return the option that caches a share. Two of one cluster need names of their own (fs/ceph/cache.c)."""
    several = sum(share.cache for share in shares.values()) > 1
    return f"fsc={name}" if several else "fsc"


def plan(site: Site, node: Node, found: Found, keys: Mapping[str, str]) -> Wanted:
    """Decide what `node` gets; `keys` are the clients' keys by name."""
    shares = site.cephfs.of_class(node.class_name)
    chosen = driver(site, found)
    secrets = [
        file
        for client in sorted({s.client for s in shares.values()})
        for file in access(client, keys, chosen)
    ]
    conf = File.from_template(
        CONF,
        TEMPLATES / "ceph.conf.j2",
        first=FIRST_LINE,
        monitors=site.cephfs.monitors,
        patience=site.cephfs.patience,
    )
    units = [unit for name in shares for unit in unit_files(site, name, shares, chosen)]
    owned = [conf, *secrets]
    return Wanted(
        packages=PACKAGES[chosen],
        files=(File(MARK, "".join(f"{file.path}\n" for file in owned)), *owned, *units),
        units=tuple(
            Unit(name, start=name.endswith(".automount"))
            for name in (file.path.rpartition("/")[2] for file in units)
        ),
        kind=chosen,
        shares=tuple(shares.values()),
    )


def access(client: str, keys: Mapping[str, str], chosen: Driver) -> list[File]:
    """Return the files with a client's key, for root alone: mount.ceph reads another form than the rest."""
    keyring = File(
        f"{ETC}/ceph.client.{client}.keyring", f"[client.{client}]\n\tkey = {keys[client]}\n", 0o600
    )
    secret = File(f"{ETC}/ceph.client.{client}.secret", f"{keys[client]}\n", 0o600)
    return [keyring, secret] if chosen is Driver.KERNEL else [keyring]


def unit_files(site: Site, name: str, shares: Mapping[str, Share], chosen: Driver) -> list[File]:
    """Return the two units of a share: what mounts, and what waits for somebody to look."""
    share = shares[name]
    what, options = how(site, name, shares, chosen)
    kind = "ceph" if chosen is Driver.KERNEL else "fuse.ceph"
    stem = f"{UNITS}/{escaped(share.at)}"
    return [
        File.from_template(
            f"{stem}.mount",
            TEMPLATES / "mount.j2",
            what=what,
            kind=kind,
            options=",".join(options),
            seconds=site.cephfs.patience,
            name=name,
            share=share,
        ),
        File.from_template(f"{stem}.automount", TEMPLATES / "automount.j2", name=name, share=share),
    ]


def how(site: Site, name: str, shares: Mapping[str, Share], chosen: Driver) -> tuple[str, list[str]]:
    """Return the source and the options of a mount. Keys are named by file, never given."""
    share, cephfs = shares[name], site.cephfs
    common = ["_netdev", "nodev", "nosuid", *(["ro"] if share.read_only else [])]
    if chosen is Driver.FUSE:
        ours = [f"ceph.name=client.{share.client}", f"ceph.client_mountpoint={share.path}"]
        return "none", [*ours, f"ceph.client_fs={cephfs.filesystem}", *common]
    ours = [f"name={share.client}", f"secretfile={ETC}/ceph.client.{share.client}.secret"]
    ours += [f"mds_namespace={cephfs.filesystem}", f"mount_timeout={cephfs.patience}"]
    cache = [fsc(name, shares)] if share.cache else []
    return f"{','.join(f'{host}:6789' for host in cephfs.monitors)}:{share.path}", [*ours, *cache, *common]


def escaped(path: str) -> str:
    """Write a path as a unit's name does: /srv/my-team -> srv-my\\x2dteam (systemd.unit(5))."""
    return path.strip("/").replace("-", "\\x2d").replace("/", "-")
