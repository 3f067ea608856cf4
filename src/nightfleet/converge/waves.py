"""Waves: which nodes run together in one pyinfra process, and which processes come first. Pure.

One process with a barrier after each operation is the fastest way to run a small fleet, and the only one in
which hosts may wait for each other. It uses one core (about 2.5 ms per host and operation), so a large fleet
is cut: the first wave holds every node that others wait for, the rest are workers that run side by side, and
at the end the first control plane runs again, because it labels and proves what has joined since.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from nightfleet.site import Node, Role, Site

WAVE_SIZE = 100
ALONE = frozenset({Role.WORKER})  # nobody waits for a node that is a worker and nothing else


@dataclass(frozen=True, slots=True)
class Waves:
    """Node names: `first` runs alone, then every wave of `later` side by side, then `last`."""

    first: tuple[str, ...]
    later: tuple[tuple[str, ...], ...] = ()
    last: tuple[str, ...] = ()

    @property
    def every(self) -> tuple[tuple[str, ...], ...]:
        """Return all waves in order."""
        return (self.first, *self.later, *((self.last,) if self.last else ()))


def plan_waves(site: Site, chosen: Collection[str], size: int = WAVE_SIZE) -> Waves:
    """Cut the chosen nodes into waves of `size`; in each, nodes keep the order of the site file.

    The first wave holds the first control plane, the other control planes, the service nodes, then as many
    workers as fit. It may outgrow `size` when there are more of the former: they must not be parted.
    """
    nodes = [node for node in site.fleet if node.name in chosen]
    leaders = [node.name for node in nodes if _others_wait_for(node)]
    workers = [node.name for node in nodes if not _others_wait_for(node)]
    room = max(0, size - len(leaders))
    first, rest = [*leaders, *workers[:room]], workers[room:]
    if not first and rest:
        first, rest = rest[:size], rest[size:]
    leader = site.first_control_plane.name
    last = (leader,) if rest and leader in first else ()
    return Waves(tuple(first), tuple(_chunks(rest, size)), last)


def stops_the_rest(site: Site, failed: Collection[str]) -> bool:
    """Tell whether later waves are pointless: they join what the first control plane starts."""
    return site.first_control_plane.name in failed


def _others_wait_for(node: Node) -> bool:
    return node.roles != ALONE


def _chunks(names: Sequence[str], size: int) -> list[tuple[str, ...]]:
    return [tuple(names[begin : begin + size]) for begin in range(0, len(names), size)]
