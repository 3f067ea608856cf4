"""A new image on every node, one after the other: whose turn it is, and which keys it comes with. Pure."""

import re
from collections.abc import Collection, Iterable

from nightfleet.cloud.guard import nodes_hit
from nightfleet.cloud.harm import Kind, harms, node_of
from nightfleet.cloud.kinds import INSTANCE
from nightfleet.cloud.planfile import Action, Change

RENEWED = (Kind.REBUILD, Kind.REPLACE)  # the machine comes back with another system disk
BLOCK = re.compile(
    r"-----BEGIN SSH HOST KEY FINGERPRINTS-----(.*?)-----END SSH HOST KEY FINGERPRINTS-----", re.DOTALL
)


def turns(changes: Iterable[Change], planes: Collection[str], begun: Collection[str] = ()) -> tuple[str, ...]:
    """Return the nodes whose system disk the plan renews: those in the middle of it first, then workers."""
    waiting = [name for name in due(changes) if name not in begun]
    return (*begun, *sorted(waiting, key=lambda name: (name in planes, name)))


def due(changes: Iterable[Change]) -> tuple[str, ...]:
    """Return the nodes whose system disk the plan renews."""
    hit = nodes_hit(harms(tuple(changes)))
    return tuple(name for name, harm in hit.items() if harm.kind in RENEWED)


def unmade(changes: Iterable[Change]) -> tuple[str, ...]:
    """Return the nodes whose machine is not there: a turn was killed between its end and its next life."""
    machines = (one for one in changes if one.type == INSTANCE and one.action is Action.CREATE)
    return tuple(node_of(one.key) for one in machines)


def fingerprints(console: str) -> tuple[str, ...]:
    """Return the host keys that cloud-init wrote on a console at the last boot; none if it did not."""
    blocks = BLOCK.findall(console)
    return tuple(re.findall(r"SHA256:[A-Za-z0-9+/]{43}", blocks[-1])) if blocks else ()
