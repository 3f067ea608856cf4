"""What a lab is doing now. Changes nothing."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

from nightfleet.errors import NightfleetError
from nightfleet.lab import cgroups, machine, mounts, process
from nightfleet.lab.layout import Layout
from nightfleet.lab.services import Service, services
from nightfleet.lab.spec import HostSpec, LabSpec, from_json
from nightfleet.lab.state import State, read_state


@dataclass(frozen=True, slots=True)
class DiskStatus:
    name: str
    mountpoint: str
    size_gib: float
    used_bytes: int  # of the machine's own disk


@dataclass(frozen=True, slots=True)
class HostStatus:
    name: str
    address: str
    state: State
    pid: int | None  # of the host's init
    uptime_s: float | None
    memory_bytes: int | None
    disks: tuple[DiskStatus, ...]


@dataclass(frozen=True, slots=True)
class LabStatus:
    name: str
    bridge: str
    gateway: str
    ssh_config: Path
    hosts: tuple[HostStatus, ...]
    services: tuple[Service, ...]


def read_spec(name: str) -> LabSpec:
    """The lab as it was brought up."""
    layout = Layout(name)
    try:
        return from_json(layout.spec.read_text())
    except FileNotFoundError:
        raise NightfleetError(
            "there is no such lab on this machine", f"lab {name}", "`nightfleet lab up` makes it"
        ) from None
    except PermissionError:
        raise NightfleetError("only root can look into it", f"lab {name}", "run it with sudo") from None


def status(name: str) -> LabStatus:
    spec = read_spec(name)
    layout = Layout(name)
    facts = machine.cgroup_facts()
    hosts = tuple(_host(layout, one, facts) for one in spec.hosts)
    return LabStatus(name, spec.bridge, spec.gateway, layout.ssh_config, hosts, services(layout))


def _host(layout: Layout, spec: HostSpec, facts: cgroups.CgroupFacts) -> HostStatus:
    paths = layout.host(spec.name)
    leader = process.leader(paths.keeper)
    group = cgroups.group_name(layout.name, spec.name)
    return HostStatus(
        name=spec.name,
        address=spec.address,
        state=read_state(paths.keeper),
        pid=leader.pid if leader else None,
        uptime_s=uptime(leader) if leader else None,
        memory_bytes=cgroups.memory_used(facts, group) if leader else None,
        disks=tuple(
            DiskStatus(disk.name, disk.mountpoint, disk.size_gib, mounts.disk_used(paths.image(disk.name)))
            for disk in spec.disks
            if paths.image(disk.name).exists()
        ),
    )


def uptime(leader: process.Process) -> float:
    """Seconds since the host's init began."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) - leader.started / os.sysconf("SC_CLK_TCK")
