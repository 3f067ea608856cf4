"""What runs on the machines: pods by node, etcd's members. Pure; the edge that asks is look.py.

What could not be asked is None, which the guard takes for occupied: missing data is never good news.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from nightfleet.quorum import Member


@dataclass(frozen=True, slots=True)
class Occupied:
    """What was seen of the cluster. `silent` says why something is not known."""

    pods: Mapping[str, tuple[str, ...]] | None = field(
        default_factory=dict
    )  # of those that a drain would move
    members: tuple[Member, ...] | None = ()
    control_planes: frozenset[str] = frozenset()
    silent: str = ""
    none_yet: bool = False  # there is no cluster to ask

    def pods_on(self, node: str) -> tuple[str, ...] | None:
        """Return the pods that would be lost with this node; None when nobody knows."""
        return None if self.pods is None else self.pods.get(node, ())


NO_CLUSTER = Occupied(none_yet=True)
