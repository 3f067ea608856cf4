"""Can this machine carry this lab? Pure: facts and spec in, all that is wrong out, each with a way out."""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass

from nightfleet.errors import Exit, NightfleetError
from nightfleet.lab import network
from nightfleet.lab.layout import STATE, Layout
from nightfleet.lab.machine import LabFacts
from nightfleet.lab.spec import LabSpec, faults

NEEDED_CAPABILITIES = ("net_admin", "sys_admin", "sys_chroot", "mknod", "kill", "sys_ptrace")
MEMORY_PER_HOST_GIB = 1.0  # half of what is in use was measured for a control plane and a worker together
DISK_PER_HOST_GIB = 4.0  # packages, images and logs of a host that runs Kubernetes
BASE_ROOT_GIB = 1.0
OPEN_FILES = 65536


@dataclass(frozen=True, slots=True)
class Problem:
    what: str
    hint: str


@dataclass(frozen=True, slots=True)
class Verdict:
    lab: str
    problems: tuple[Problem, ...]
    warnings: tuple[str, ...]

    def raise_if_refused(self) -> None:
        """All problems in one error: one look is enough to put them right."""
        if not self.problems:
            return
        if len(self.problems) == 1:
            what, hint = self.problems[0].what, self.problems[0].hint
        else:
            what = "this machine cannot carry the lab:" + "".join(
                f"\n  - {one.what}" for one in self.problems
            )
            hint = "".join(f"\n  - {one.hint}" for one in self.problems)
        raise NightfleetError(what, f"lab {self.lab}", hint, Exit.REFUSED)


def check(spec: LabSpec, facts: LabFacts, layout: Layout) -> Verdict:
    impossible = tuple(Problem(fault, "put it right in the site file") for fault in faults(spec))
    if impossible:
        return Verdict(spec.name, impossible, ())
    if forbidden := tuple(_rights(facts)):  # whatever else is found without rights may not be true
        return Verdict(spec.name, forbidden, ())
    problems = (
        *_distribution(facts),
        *_kernel(spec, facts),
        *_room(spec, facts, layout),
        *_bridge(spec, facts, layout),
        *_addresses(spec, facts),
    )
    return Verdict(spec.name, problems, tuple(_warnings(spec, facts)))


def _rights(facts: LabFacts) -> Iterator[Problem]:
    if not facts.root:
        yield Problem("only root can boot hosts", "run it with sudo")
        return
    lacking = [name for name in NEEDED_CAPABILITIES if name not in facts.capabilities]
    if lacking:
        yield Problem(
            f"root lacks the capabilities {', '.join(lacking)} here",
            "use a real or virtual machine, or start this container with all privileges",
        )


def _distribution(facts: LabFacts) -> Iterator[Problem]:
    if facts.distribution not in ("debian", "ubuntu") or not facts.codename:
        yield Problem(
            f"the lab needs Debian or Ubuntu, this is '{facts.distribution or 'unknown'}'",
            "use a virtual machine with Debian 12 or Ubuntu 24.04",
        )


def _kernel(spec: LabSpec, facts: LabFacts) -> Iterator[Problem]:
    needed = {"overlay", *(disk.filesystem for host in spec.hosts for disk in host.disks)}
    for name in sorted(needed - facts.filesystems):
        yield Problem(
            f"this kernel has no {name} file system", f"install the kernel's modules, then modprobe {name}"
        )
    if not facts.loop_devices and any(host.disks for host in spec.hosts):
        yield Problem("this kernel has no loop devices", "modprobe loop")
    if facts.state_filesystem in ("overlayfs", "nfs", "tmpfs"):
        yield Problem(
            f"{STATE} lies on {facts.state_filesystem}, which cannot hold the hosts' own layers",
            f"mount a disk with ext4 or XFS at {STATE}",
        )


def _room(spec: LabSpec, facts: LabFacts, layout: Layout) -> Iterator[Problem]:
    if any(port.master == spec.bridge for port in facts.interfaces):
        return  # it runs already: what it uses is no longer free
    memory = sum(host.memory_gib or MEMORY_PER_HOST_GIB for host in spec.hosts)
    if facts.memory_available_gib < memory:
        yield Problem(
            f"{facts.memory_available_gib:.1f} GiB of memory are available, the hosts need {memory:.1f}",
            "stop other programs or take hosts out of the site",
        )
    disk = BASE_ROOT_GIB + len(spec.hosts) * DISK_PER_HOST_GIB
    if facts.state_free_gib < disk:
        yield Problem(
            f"{facts.state_free_gib:.1f} GiB of disk are free at {layout.dir}, the hosts need {disk:.1f}",
            f"free some, or mount a larger disk at {STATE}",
        )


def _bridge(spec: LabSpec, facts: LabFacts, layout: Layout) -> Iterator[Problem]:
    for one in facts.interfaces:
        if one.name == spec.bridge and not network.is_ours(one, layout):
            owner = f" ({one.alias})" if one.alias else ""
            yield Problem(
                f"interface '{spec.bridge}' exists and is not this lab's{owner}", "choose another bridge name"
            )


def _addresses(spec: LabSpec, facts: LabFacts) -> Iterator[Problem]:
    taken = {(address, one.name) for one in facts.interfaces for address in one.networks}
    taken |= {(route.network, route.interface) for route in facts.routes}
    clashes = {
        (interface, other)
        for other, interface in taken
        if interface != spec.bridge and ipaddress.IPv4Network(other, strict=False).overlaps(spec.subnet)
    }
    for interface, other in sorted(clashes):
        yield Problem(
            f"the lab's addresses {spec.subnet} overlap with {other} at {interface}",
            "choose another gateway and addresses",
        )


def _warnings(spec: LabSpec, facts: LabFacts) -> Iterator[str]:
    if facts.cgroups.version == 1:
        yield "cgroup v1: kubelet from 1.35 on runs here only with failCgroupV1: false"
    if facts.restricted_oom:
        yield "no CAP_SYS_RESOURCE: containerd needs restrict_oom_score_adj"
    if facts.open_files_limit < OPEN_FILES:
        yield f"at most {facts.open_files_limit} open files per process; Kubernetes likes {OPEN_FILES}"
    if not facts.kernel_modules:
        yield "no /lib/modules for this kernel: hosts can use only what is built in"
    size = sum(disk.size_gib for host in spec.hosts for disk in host.disks)
    if size > facts.state_free_gib:
        yield f"the hosts' disks may grow to {size:.0f} GiB, {facts.state_free_gib:.0f} are free"
    for chain in sorted(facts.dropping_chains):
        if chain in network.PASSABLE:
            yield f"firewall chain '{chain}' drops: a rule lets {spec.bridge} pass while the lab is there"
        else:
            yield f"firewall chain '{chain}' drops: let {spec.bridge} pass, or hosts may reach nothing"
