"""`nodes`: the machines, as ranges, with their roles; and `Node`, one machine after expansion."""

from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network

from pydantic import Field

from nightfleet.site.classes import NodeClass
from nightfleet.site.section import Section, Version


class Role(StrEnum):
    """What a node does; each role is a folder under roles/."""

    CONTROL_PLANE = "control_plane"
    WORKER = "worker"
    REGISTRY = "registry"


class NodeRange(Section):
    """One or many machines that differ in name and address only."""

    address: str = Field(
        description="IPv4 address, or a range as long as the names", examples=["10.77.0.[21-22]"]
    )
    roles: tuple[Role, ...] = Field(min_length=1, description="control_plane, worker, registry")
    class_: str = Field(alias="class", description="a name from `classes`")
    kubernetes: Version | None = Field(
        None, description="kubelet version while it lags behind artifacts.kubernetes (three minors at most)"
    )
    labels: dict[str, str] = Field(default_factory=dict, description="Kubernetes node labels")


@dataclass(frozen=True, slots=True)
class Node:
    """One machine: everything that differs between nodes of a site."""

    name: str
    address: IPv4Address
    roles: frozenset[Role]
    class_name: str
    machine: NodeClass
    kubernetes: str
    pod_cidr: IPv4Network | None  # only with cni: routed
    labels: dict[str, str] = field(default_factory=dict)

    def has(self, role: Role) -> bool:
        """Tell whether the node carries `role`."""
        return role in self.roles
