"""The site: everything an operator says about a fleet, as one immutable value."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, PrivateAttr

from nightfleet.site.artifacts import Artifacts
from nightfleet.site.backup import Backup
from nightfleet.site.base import Base
from nightfleet.site.classes import NodeClass
from nightfleet.site.cloud import Cloud
from nightfleet.site.connection import Connection
from nightfleet.site.containerd import Containerd
from nightfleet.site.disks import Layout, of_node
from nightfleet.site.endpoint import Endpoint
from nightfleet.site.expand import expand
from nightfleet.site.faults import At, Fault
from nightfleet.site.handover import Handover
from nightfleet.site.kubernetes import Kubernetes
from nightfleet.site.lab import Lab
from nightfleet.site.maintenance import Maintenance
from nightfleet.site.network import Network
from nightfleet.site.nodes import Node, NodeRange, Role
from nightfleet.site.registry import Registry
from nightfleet.site.section import Line, Name, Section
from nightfleet.site.smoke import Smoke


class Site(Section):
    """The whole site file. Sections with a default may be left out."""

    site: Name = Field(description="name of the site; state and reports are kept under it")
    title: Line = Field("", description="one line for people")
    nodes: Annotated[dict[str, NodeRange], Field(min_length=1, description="ranges of machines, by name")]
    classes: dict[str, NodeClass] = Field(description="kinds of machines, by a name of your choice")
    connection: Connection = Field(description="how to reach the machines")
    network: Network = Field(description="address ranges")
    artifacts: Artifacts = Field(default_factory=Artifacts, description="versions, and where nodes get them")
    disks: dict[str, Layout] = Field(
        default_factory=dict, description="layouts of disks, by class; without one no disk is touched"
    )
    base: Base = Field(default_factory=Base, description="clock, names, kernel settings, accounts")
    containerd: Containerd = Field(default_factory=Containerd, description="the container runtime")
    registry: Registry = Field(default_factory=Registry, description="where nodes pull images from")
    shared_endpoint: Endpoint = Field(
        default_factory=Endpoint, alias="endpoint", description="one address for several control planes"
    )
    kubernetes: Kubernetes = Field(default_factory=Kubernetes, description="the control plane and kubelet")
    maintenance: Maintenance = Field(
        default_factory=Maintenance, description="when nodes may be drained, upgraded and rebooted"
    )
    backup: Backup = Field(
        default_factory=Backup, description="snapshots of etcd and the cluster's keys, and where they lie"
    )
    smoke: Smoke = Field(default_factory=Smoke, description="the proof that a cluster works")
    lab: Lab | None = Field(None, description="only where nightfleet makes the hosts itself")
    cloud: Cloud | None = Field(None, description="only where Terraform makes the machines")

    _path: Path = PrivateAttr(default=Path("site.yaml"))
    _lines: Mapping[At, int] = PrivateAttr(default_factory=dict)
    _handover: Handover | None = PrivateAttr(default=None)

    def at(self, path: Path, lines: Mapping[At, int]) -> Self:
        """Tell a new site which file it came from, and in which lines its values stand there."""
        self._path, self._lines = path, lines
        return self

    def over(self, handover: Handover | None) -> Self:
        """Tell a new site what it took over from Terraform."""
        self._handover = handover
        return self

    @property
    def handover(self) -> Handover | None:
        """What Terraform said of the machines: their volumes, the shares; None when it did not make them."""
        return self._handover

    @property
    def path(self) -> Path:
        """The file that this site was read from."""
        return self._path

    def line(self, at: At) -> int:
        """Return the line of a key, or of the nearest one around it that is written in the file."""
        while at and at not in self._lines:
            at = at[:-1]
        return self._lines.get(at, 1)

    def located(self, fault: Fault) -> Fault:
        """Give a fault that knows its key the line of that key."""
        return replace(fault, line=fault.line or self.line(fault.at))

    @cached_property
    def fleet(self) -> tuple[Node, ...]:
        """Every node, in the order of the file."""
        return expand(self.nodes, self.classes, self.network, self.artifacts.kubernetes)

    def node(self, name: str) -> Node:
        """Return the node called `name`; KeyError when there is none."""
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> dict[str, Node]:
        return {node.name: node for node in self.fleet}

    def layout(self, node: Node) -> Layout | None:
        """Return how the disks of a node are laid out; None when they are left alone."""
        layout = self.disks.get(node.class_name)
        made = self.handover.nodes.get(node.name) if self.handover else None
        if layout is None or made is None:
            return layout
        return of_node(layout, {use: volume.disk for use, volume in made.volumes.items()})

    def having(self, role: Role) -> tuple[Node, ...]:
        """Return the nodes that carry `role`, in the order of the file."""
        return tuple(node for node in self.fleet if node.has(role))

    @property
    def first_control_plane(self) -> Node:
        """The node where the cluster begins."""
        return self.having(Role.CONTROL_PLANE)[0]

    @property
    def endpoint(self) -> str:
        """host:port of the Kubernetes API: the site's own word, the virtual address, or the first node's."""
        if self.kubernetes.endpoint:
            return self.kubernetes.endpoint
        if self.shared_endpoint.virtual_address:
            return f"{self.shared_endpoint.virtual_address}:{self.shared_endpoint.port}"
        return f"{self.first_control_plane.address}:6443"

    def file(self, name: str) -> Path:
        """Resolve a file named in the site: ~ is the home, relative paths start at the site file."""
        # Not expanduser(): it raises for the homes of users that are not there.
        path = Path.home() / name[2:] if name.startswith("~/") else Path(name)
        return path if path.is_absolute() else (self.path.parent / path).resolve()

    def groups(self) -> dict[str, list[tuple[str, dict[str, object]]]]:
        """Return pyinfra's groups: one per role, and `first_control_plane`."""
        hosts = {node.name: (node.name, self._host_data(node)) for node in self.fleet}
        groups = {role.value: [hosts[node.name] for node in self.having(role)] for role in Role}
        groups["first_control_plane"] = [hosts[self.first_control_plane.name]]
        return {name: members for name, members in groups.items() if members}

    def _host_data(self, node: Node) -> dict[str, object]:
        return {
            "site": str(self.path),
            "ssh_hostname": str(node.address),
            "ssh_port": self.connection.port,
            "ssh_user": self.connection.user,
            "ssh_key": str(self.file(self.connection.key)),
            "ssh_known_hosts_file": str(self.file(self.connection.known_hosts)),
            "ssh_strict_host_key_checking": "yes",
            "_sudo": self.connection.needs_sudo,
        }
