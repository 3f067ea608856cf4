"""base, decided: what a machine must become, or why it cannot. Pure."""

import shlex
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploys.hostops.machine import Machine
from deploys.hostops.wanted import File, Link, Unit
from nightfleet.site import Kind, Node, Site

TEMPLATES = Path(__file__).parent / "templates"
GIB = 1 << 30
LEAST_FREE = {"/": GIB, "/var/lib/containerd": 2 * GIB, "/var/lib/kubelet": GIB // 2}  # to start with
SYSTEMS = ("debian", "ubuntu")
PACKAGES = ("ca-certificates", "chrony", "curl", "iproute2", "kmod", "nftables", "procps", "sudo", "tzdata")
MODULES = ("br_netfilter", "overlay")
SYSCTLS = {
    "net.bridge.bridge-nf-call-ip6tables": "1",
    "net.bridge.bridge-nf-call-iptables": "1",
    "net.ipv4.ip_forward": "1",
}
UPGRADES = "/etc/apt/apt.conf.d/60nightfleet-upgrades"
FSTAB_SWAP = "([^#[:space:]]+[[:space:]]+[^[:space:]]+[[:space:]]+swap[[:space:]])"
SWAP_OF_OTHERS = {
    Kind.DESKTOP: "its day users count on it",
    Kind.CONTAINER: "belongs to the machine under this container",
}
BEGIN, END = "# BEGIN nightfleet", "# END nightfleet"


@dataclass(frozen=True, slots=True)
class KernelState:
    """What is in force on a host."""

    modules: frozenset[str] = frozenset()
    sysctls: dict[str, str] = field(default_factory=dict)
    account: str = ""  # its passwd line


@dataclass(frozen=True, slots=True)
class Wanted:
    """Everything that base puts on one host."""

    hostname: str  # empty: it keeps its own
    hosts: tuple[str, ...]  # our lines of /etc/hosts
    packages: tuple[str, ...]
    drop_ins: tuple[File, ...]  # before the packages, so that their services start right
    files: tuple[File, ...]
    links: tuple[Link, ...]
    absent: tuple[str, ...]
    modules: tuple[str, ...]
    sysctls: dict[str, str]
    swap: str
    account: str
    units: tuple[Unit, ...]


def refusals(machine: Machine, site: Site, node: Node, now: float | None = None) -> list[str]:
    """Say why this machine cannot become this node, each reason with its way out; empty when it can."""
    now = time.time() if now is None else now
    reasons = []
    if machine.os not in SYSTEMS:
        reasons.append(f"the system is {machine.os!r}; use Debian or Ubuntu")
    if not machine.systemd:
        reasons.append("process 1 is not systemd; services cannot be managed here")
    skew = machine.clock - now
    if abs(skew) > site.base.max_clock_skew:
        reasons.append(
            f"its clock is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} the operator's, more"
            f" than {site.base.max_clock_skew} s; certificates would not be valid. Set it (chronyc"
            " makestep), or set the operator's clock, then converge again"
        )
    if not machine.cgroup_v2 and node.machine.kind is not Kind.CONTAINER:
        reasons.append("it runs cgroup v1; boot with systemd.unified_cgroup_hierarchy=1")
    for folder, least in LEAST_FREE.items():
        if (free := machine.free.get(folder)) is not None and free < least:
            reasons.append(
                f"{folder} has {free >> 20} MiB free, needs {least >> 20}; make room, then converge again"
            )
    if machine.swaps and node.machine.swap == "off" and node.machine.kind in SWAP_OF_OTHERS:
        reasons.append(
            f"swap {machine.swaps[0]} is in use and {SWAP_OF_OTHERS[node.machine.kind]}; set swap: keep in"
            f" class {node.class_name}"
        )
    if machine.runtime:
        reasons.append(
            f"{machine.runtime} is installed, as Docker does it; ours would take its place. Remove that"
            " package when nobody uses it, or leave this machine out of the site"
        )
    return reasons


def plan(site: Site, node: Node) -> Wanted:
    """Decide what base puts on `node`."""
    base = site.base
    sysctls = {**SYSCTLS, **base.sysctls}
    modules = tuple(sorted({*MODULES, *base.modules}))
    return Wanted(
        hostname="" if borrowed(node) else node.name,
        hosts=tuple(
            f"{other.address} {other.name}.{site.network.domain} {other.name}" for other in site.fleet
        ),
        packages=(
            *PACKAGES,
            *(("unattended-upgrades",) if base.updates == "security" else ()),
            *_locale_packages(base.locale),
        ),
        drop_ins=_drop_ins(node),
        files=(
            *_identity(site, node),
            File("/etc/modules-load.d/nightfleet.conf", "".join(f"{name}\n" for name in modules)),
            File(
                "/etc/sysctl.d/90-nightfleet.conf",
                "".join(f"{k} = {v}\n" for k, v in sorted(sysctls.items())),
            ),
            File("/etc/chrony/conf.d/nightfleet.conf", _clock(site, node)),
            *_account(site),
            *_upgrades(site),
        ),
        links=(Link("/etc/localtime", f"/usr/share/zoneinfo/{base.timezone}"),)
        if asks_for("timezone", site, node)
        else (),
        absent=(UPGRADES,) if base.updates == "keep" else (),
        modules=modules,
        sysctls=sysctls,
        swap=node.machine.swap,
        account=base.account,
        units=(
            Unit(
                "chrony.service",
                reads=(
                    "/etc/chrony/conf.d/nightfleet.conf",
                    "/etc/systemd/system/chrony.service.d/nightfleet.conf",
                ),
            ),
        ),
    )


def borrowed(node: Node) -> bool:
    """Tell whether this is somebody's desktop, where day users must notice nothing."""
    return node.machine.kind is Kind.DESKTOP


def asks_for(key: str, site: Site, node: Node) -> bool:
    """Tell whether `base.KEY` counts on this node: our defaults are none for a borrowed desktop."""
    return not borrowed(node) or key in site.base.model_fields_set


def _identity(site: Site, node: Node) -> list[File]:
    """Name, time zone and language."""
    files = []
    if not borrowed(node):
        files.append(File("/etc/hostname", f"{node.name}\n"))
    if asks_for("timezone", site, node):
        files.append(File("/etc/timezone", f"{site.base.timezone}\n"))
    if asks_for("locale", site, node):
        files.append(File("/etc/default/locale", f"LANG={site.base.locale}\n"))
    return files


def _account(site: Site) -> list[File]:
    """The account for automation: who it is, what it may, whose keys open it."""
    name = site.base.account
    return [
        File.from_template("/etc/sudoers.d/nightfleet", TEMPLATES / "sudoers.j2", 0o440, account=name),
        File.from_template("/etc/sysusers.d/nightfleet.conf", TEMPLATES / "sysusers.conf.j2", account=name),
        File(f"/var/lib/{name}/.ssh/authorized_keys", "".join(f"{key}\n" for key in account_keys(site))),
    ]


def _upgrades(site: Site) -> list[File]:
    """Our part of unattended-upgrades' configuration; with `keep` the owner's is all there is."""
    if site.base.updates == "keep":
        return []
    enabled, template = site.base.updates == "security", TEMPLATES / "upgrades.conf.j2"
    return [File.from_template(UPGRADES, template, enabled=enabled, hold=site.base.hold)]


def account_keys(site: Site) -> list[str]:
    """Return the lines of authorized_keys; an entry that is no key is a file of keys of the operator."""
    lines: list[str] = []
    for entry in site.base.account_keys:
        if entry.split(" ", 1)[0].startswith(("ssh-", "ecdsa-", "sk-")):
            lines.append(entry.strip())
        else:
            lines += site.file(entry).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _clock(site: Site, node: Node) -> str:
    """chrony's drop-in: named servers, or the first control plane's own clock for everybody."""
    first = site.first_control_plane
    if site.base.time_servers:
        return "".join(f"server {server} iburst\n" for server in site.base.time_servers) + "makestep 1 3\n"
    if node.name == first.name:
        return f"local stratum 10\nallow {site.network.nodes}\n"
    return f"server {first.address} iburst\nmakestep 1 3\n"


def _drop_ins(node: Node) -> tuple[File, ...]:
    """A container shares the machine's clock: chronyd may look at it, never set it."""
    if node.machine.kind is not Kind.CONTAINER:
        return ()
    return (
        File(
            "/etc/systemd/system/chrony.service.d/nightfleet.conf",
            (TEMPLATES / "chrony-container.conf").read_text(encoding="utf-8"),
        ),
    )


def _locale_packages(locale: str) -> tuple[str, ...]:
    return () if locale.split(".")[0] in ("C", "POSIX") else ("locales-all",)


def parse_kernel(output: Iterable[str]) -> KernelState:
    """Read the lines of the `Kernel` fact."""
    lines = list(output)
    sysctls = {}
    for line in lines:
        if line.startswith("sysctl="):
            path, _, value = line.removeprefix("sysctl=").partition("=")
            sysctls[path.removeprefix("/proc/sys/").replace("/", ".")] = value
    accounts = [line.removeprefix("account=") for line in lines if line.startswith("account=")]
    return KernelState(
        frozenset(line.removeprefix("module=") for line in lines if line.startswith("module=")),
        sysctls,
        accounts[0] if accounts else "",
    )


def kernel_steps(
    found: KernelState, modules: Sequence[str], sysctls: Mapping[str, str], account: str
) -> list[str]:
    """Return shell commands that bring the running kernel and the account in line."""
    steps = [
        f"modprobe {shlex.quote(name)}" for name in modules if name.replace("-", "_") not in found.modules
    ]
    steps += [
        f"sysctl -q -w {shlex.quote(f'{name}={value}')}"
        for name, value in sorted(sysctls.items())
        if found.sysctls.get(name) != value
    ]
    if not found.account.startswith(f"{account}:"):
        steps.append("systemd-sysusers /etc/sysusers.d/nightfleet.conf")
    return steps


def with_block(hosts: str, entries: Sequence[str]) -> str:
    """Return /etc/hosts with our block replaced or appended; the owner's lines are untouched.

    A mark without its counterpart is the owner's, too: what stands behind it may be theirs.
    """
    lines = hosts.removesuffix("\n").split("\n") if hosts else []
    before, after = lines, []
    for end in (number for number, line in enumerate(lines) if line == END):
        starts = [number for number, line in enumerate(lines[:end]) if line == BEGIN]
        if starts:
            before, after = lines[: starts[-1]], lines[end + 1 :]
            break
    return "\n".join([*before, BEGIN, *entries, END, *after]) + "\n"
