"""What this machine is: facts for the checks before a lab is built. Nothing is judged or changed here."""

import ipaddress
import json
import os
import platform
import resource
import shutil
from dataclasses import dataclass
from pathlib import Path

from nightfleet.lab.cgroups import CgroupFacts
from nightfleet.lab.command import available, run, succeeds
from nightfleet.lab.layout import STATE

GIB = 1024**3
CAPABILITY_NUMBERS = {  # linux/capability.h
    "chown": 0, "dac_override": 1, "fowner": 3, "kill": 5, "setgid": 6, "setuid": 7, "net_admin": 12,
    "net_raw": 13, "sys_module": 16, "sys_chroot": 18, "sys_ptrace": 19, "sys_admin": 21, "sys_resource": 24,
    "mknod": 27, "setfcap": 31,
}  # fmt: skip
FILESYSTEMS = ("overlay", "xfs", "ext4")


@dataclass(frozen=True, slots=True)
class Interface:
    """`master` is the bridge that it is a port of; `kind` is bridge, veth, ... or empty for hardware."""

    name: str
    kind: str = ""
    mac: str = ""
    alias: str = ""
    master: str = ""
    networks: tuple[str, ...] = ()  # the IPv4 networks of its addresses


@dataclass(frozen=True, slots=True)
class Route:
    network: str
    interface: str


@dataclass(frozen=True, slots=True)
class LabFacts:
    """One look at the machine. Sizes in GiB."""

    distribution: str  # ID of os-release
    codename: str
    root: bool
    cgroups: CgroupFacts
    capabilities: frozenset[str]
    memory_available_gib: float
    state_free_gib: float
    state_filesystem: str
    open_files_limit: int
    filesystems: frozenset[str]  # those of FILESYSTEMS that this kernel has
    loop_devices: bool
    kernel_modules: bool  # /lib/modules of the running kernel is there
    packages: frozenset[str]  # Debian packages installed
    interfaces: tuple[Interface, ...]
    routes: tuple[Route, ...]
    dropping_chains: frozenset[str]  # of firewalls: "ip filter FORWARD"

    @property
    def restricted_oom(self) -> bool:
        """No process may lower its OOM score: containerd needs restrict_oom_score_adj to start any."""
        return "sys_resource" not in self.capabilities


def gather() -> LabFacts:
    release = os_release(Path("/etc/os-release").read_text())
    free = shutil.disk_usage(_nearest(STATE)).free / GIB
    return LabFacts(
        distribution=release.get("ID", ""),
        codename=release.get("VERSION_CODENAME", ""),
        root=os.geteuid() == 0,
        cgroups=cgroup_facts(),
        capabilities=capabilities(Path("/proc/self/status").read_text()),
        memory_available_gib=memory_available(Path("/proc/meminfo").read_text()),
        state_free_gib=free,
        state_filesystem=_filesystem_of(_nearest(STATE)),
        open_files_limit=resource.getrlimit(resource.RLIMIT_NOFILE)[1],
        filesystems=frozenset(name for name in FILESYSTEMS if _has_filesystem(name)),
        loop_devices=Path("/dev/loop-control").exists() or succeeds(["modprobe", "loop"]),
        kernel_modules=Path("/lib/modules", platform.release()).is_dir(),
        packages=installed_packages(),
        interfaces=interfaces(),
        routes=routes(),
        dropping_chains=_dropping_chains(),
    )


def os_release(text: str) -> dict[str, str]:
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line)
    return {key: value.strip("\"'") for key, value in pairs}


def capabilities(status: str) -> frozenset[str]:
    """The effective capabilities named in /proc/PID/status."""
    line = next((line for line in status.splitlines() if line.startswith("CapEff:")), "CapEff: 0")
    bits = int(line.split()[1], 16)
    return frozenset(name for name, number in CAPABILITY_NUMBERS.items() if bits >> number & 1)


def memory_available(meminfo: str) -> float:
    line = next(line for line in meminfo.splitlines() if line.startswith("MemAvailable:"))
    return int(line.split()[1]) * 1024 / GIB


def cgroup_facts() -> CgroupFacts:
    systemd = Path("/run/systemd/system").is_dir()
    mounts = [line.split(" - ") for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    by_type = [(Path(left.split()[4]), right.split()[0]) for left, right in mounts]
    if any(point == Path("/sys/fs/cgroup") and kind == "cgroup2" for point, kind in by_type):
        return CgroupFacts(2, (Path("/sys/fs/cgroup"),), systemd)
    # Beside those of v1 there may be one of v2 without controllers (systemd calls that hybrid). nspawn goes
    # by it: hosts left at its top would share one tree of services and pods, and disturb each other.
    hierarchies = tuple(
        point for point, kind in by_type if kind in ("cgroup", "cgroup2") and not point.is_symlink()
    )
    return CgroupFacts(1, hierarchies, systemd)


def installed_packages() -> frozenset[str]:
    if not available("dpkg-query"):
        return frozenset()
    listing = run(["dpkg-query", "--show", "--showformat=${db:Status-Status} ${Package}\n"])
    lines = (line.split() for line in listing.splitlines())
    return frozenset(package for status, package in lines if status == "installed")


def interfaces() -> tuple[Interface, ...]:
    if not available("ip"):  # iproute2 is among the packages that are installed first
        return ()
    return parse_interfaces(run(["ip", "-details", "-json", "address", "show"]))


def parse_interfaces(listing: str) -> tuple[Interface, ...]:
    return tuple(
        Interface(
            name=link["ifname"],
            kind=link.get("linkinfo", {}).get("info_kind", ""),
            mac=link.get("address", ""),
            alias=link.get("ifalias", ""),
            master=link.get("master", ""),
            networks=tuple(
                str(ipaddress.IPv4Interface(f"{address['local']}/{address['prefixlen']}").network)
                for address in link.get("addr_info", ())
                if address.get("family") == "inet"
            ),
        )
        for link in json.loads(listing)
        if link
    )


def routes() -> tuple[Route, ...]:
    if not available("ip"):
        return ()
    listing = json.loads(run(["ip", "-json", "-4", "route", "show", "table", "all"]))
    return tuple(
        Route(route["dst"], route.get("dev", ""))
        for route in listing
        if route["dst"] != "default" and route.get("type", "unicast") == "unicast"
    )


def _dropping_chains() -> frozenset[str]:
    if not available("nft") or os.geteuid() != 0:
        return frozenset()
    return parse_dropping_chains(run(["nft", "-json", "list", "chains"]))


def parse_dropping_chains(listing: str) -> frozenset[str]:
    """Chains that drop what no rule of theirs lets pass, on its way to or through this machine."""
    chains = (item.get("chain", {}) for item in json.loads(listing)["nftables"])
    return frozenset(
        f"{chain['family']} {chain['table']} {chain['name']}"
        for chain in chains
        if chain.get("hook") in ("forward", "input") and chain.get("policy") == "drop"
    )


def _has_filesystem(name: str) -> bool:
    def known() -> bool:
        return name in Path("/proc/filesystems").read_text().split()

    return known() or (succeeds(["modprobe", name]) and known())


def _nearest(path: Path) -> Path:
    return next(place for place in (path, *path.parents) if place.exists())


def _filesystem_of(path: Path) -> str:
    return run(["stat", "--file-system", "--format=%T", str(path)]).strip()
