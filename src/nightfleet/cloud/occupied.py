"""What runs on the machines: pods by node, etcd's members. Pure; the edge that asks is look.py.

What could not be asked is None, which the guard takes for occupied: missing data is never good news.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from nightfleet.quorum import Member


@dataclass(frozen=True, slots=True)
class Occupied:
    """What was seen of the cluster. `silent` says why something is not known.

    The cluster has its own names for nodes: a machine that was renamed is known by its address.
    """

    pods: Mapping[str, tuple[str, ...]] | None = field(
        default_factory=dict
    )  # of those that a drain would move
    members: tuple[Member, ...] | None = ()
    control_planes: frozenset[str] = frozenset()
    silent: str = ""
    none_yet: bool = False  # there is no cluster to ask
    nodes: Mapping[str, str] = field(default_factory=dict)  # address -> node's name in the cluster

    def names_of(self, name: str, addresses: Collection[str]) -> frozenset[str]:
        """Return the machine's own name, and what the cluster calls the node that has its address."""
        return frozenset({name, *(self.nodes[one] for one in addresses if one in self.nodes)})

    def pods_on(self, name: str, addresses: Collection[str] = ()) -> tuple[str, ...] | None:
        """Return the pods that would be lost with this machine; None when nobody knows."""
        if self.pods is None:
            return None
        if self.nodes and not addresses and name not in self.nodes.values():
            return None  # it may be any of them
        return tuple(pod for one in sorted(self.names_of(name, addresses)) for pod in self.pods.get(one, ()))

    def is_plane(self, name: str, addresses: Collection[str]) -> bool:
        """Tell whether a machine is a control plane, by the site's word or by etcd's."""
        known = bool(self.names_of(name, addresses) & self.control_planes)
        return known or any(self.holds(member, name, addresses) for member in self.members or ())

    def holds(self, member: Member, name: str, addresses: Collection[str]) -> bool:
        """Tell whether a member of etcd runs on this machine."""
        by_address = any(member.is_of(name, address) for address in addresses)
        return by_address or member.name in self.names_of(name, addresses)


NO_CLUSTER = Occupied(none_yet=True)
