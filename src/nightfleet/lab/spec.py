"""What a lab is to be: hosts, their disks, their network. Pure; everything else in this package reads it."""

import ipaddress
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

Filesystem = Literal["xfs", "ext4"]

_NAME = re.compile(r"[a-z]([a-z0-9-]{0,38}[a-z0-9])?")
_LONGEST_INTERFACE_NAME = 15  # IFNAMSIZ - 1


@dataclass(frozen=True, slots=True)
class DiskSpec:
    """An image file with a filesystem, mounted in the host. Sparse: it takes the room that is used in it."""

    name: str
    mountpoint: str
    size_gib: float
    filesystem: Filesystem = "xfs"


IMAGEFS = DiskSpec("imagefs", "/var/lib/containerd", 8)
NODEFS = DiskSpec("nodefs", "/var/lib/kubelet", 4)
ETCD = DiskSpec("etcd", "/var/lib/etcd", 2)


@dataclass(frozen=True, slots=True)
class HostSpec:
    """One host. `memory_gib` is a ceiling for all that runs in it; None leaves it without one."""

    name: str
    address: str
    disks: tuple[DiskSpec, ...] = (IMAGEFS, NODEFS)
    memory_gib: float | None = None
    kind: str = "nspawn"


@dataclass(frozen=True, slots=True)
class LabSpec:
    """A lab: `gateway` is the machine's own address on the bridge with the prefix length (10.77.0.1/24)."""

    name: str
    bridge: str
    gateway: str
    hosts: tuple[HostSpec, ...]
    forward: bool = True

    @property
    def gateway_address(self) -> str:
        return self.gateway.partition("/")[0]

    @property
    def subnet(self) -> ipaddress.IPv4Network:
        return ipaddress.IPv4Interface(self.gateway).network

    def host(self, name: str) -> HostSpec | None:
        return next((host for host in self.hosts if host.name == name), None)


def to_json(spec: LabSpec) -> str:
    return json.dumps(asdict(spec), indent=2) + "\n"


def from_json(text: str) -> LabSpec:
    fields: dict[str, Any] = json.loads(text)
    hosts = tuple(
        HostSpec(**{**host, "disks": tuple(DiskSpec(**disk) for disk in host["disks"])})
        for host in fields.pop("hosts")
    )
    return LabSpec(hosts=hosts, **fields)


def faults(spec: LabSpec) -> Iterator[str]:
    """What makes a spec impossible on any machine."""
    if not _NAME.fullmatch(spec.name):
        yield f"lab name '{spec.name}' must be lower-case letters, digits and dashes, at most 40"
    if len(spec.bridge) > _LONGEST_INTERFACE_NAME or not _NAME.fullmatch(spec.bridge):
        yield f"bridge '{spec.bridge}' must be lower-case letters, digits and dashes, at most 15"
    try:
        subnet = spec.subnet
    except ValueError:
        yield f"gateway '{spec.gateway}' must be an IPv4 address with a prefix length, such as 10.77.0.1/24"
        return
    if not spec.hosts:
        yield "the lab has no hosts"
    names = [host.name for host in spec.hosts]
    yield from (f"host name '{name}' is there twice" for name in _twice(names))
    addresses = [spec.gateway_address, *(host.address for host in spec.hosts)]
    yield from (f"address {address} is there twice" for address in _twice(addresses))
    for host in spec.hosts:
        yield from _host_faults(host, subnet)


def _host_faults(host: HostSpec, subnet: ipaddress.IPv4Network) -> Iterator[str]:
    if not _NAME.fullmatch(host.name):
        yield f"host name '{host.name}' must be lower-case letters, digits and dashes, at most 40"
    try:
        inside = ipaddress.IPv4Address(host.address) in subnet
    except ValueError:
        yield f"address '{host.address}' of {host.name} must be an IPv4 address"
    else:
        if not inside:
            yield f"address {host.address} of {host.name} lies outside of {subnet}"
    yield from (
        f"disk '{name}' of {host.name} is there twice" for name in _twice([d.name for d in host.disks])
    )
    mountpoints = [disk.mountpoint for disk in host.disks]
    yield from (f"mount point {point} of {host.name} is there twice" for point in _twice(mountpoints))
    for disk in host.disks:
        if not _NAME.fullmatch(disk.name):
            yield f"disk name '{disk.name}' of {host.name} must be lower-case letters, digits and dashes"
        if not re.fullmatch(r"(/[A-Za-z0-9._-]+)+", disk.mountpoint):
            yield f"mount point '{disk.mountpoint}' of {host.name} must be an absolute path"
        if disk.filesystem == "xfs" and disk.size_gib < 0.3:
            yield f"disk '{disk.name}' of {host.name} is {disk.size_gib} GiB; XFS needs 0.3 at least"


def _twice(values: list[str]) -> list[str]:
    return sorted({value for value in values if values.count(value) > 1})
