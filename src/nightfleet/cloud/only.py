"""Which resources belong to one node, for an apply that touches no other. Pure."""

from collections.abc import Collection, Iterable

from nightfleet.cloud.harm import node_of
from nightfleet.cloud.planfile import Action, Change
from nightfleet.errors import Exit, NightfleetError


def targets(changes: Iterable[Change], names: Collection[str]) -> tuple[str, ...]:
    """Return the addresses of everything that a plan would do to these nodes, or to these addresses.

    NightfleetError when a name is in no part of the plan: a misspelt one would plan nothing, and look fine.
    """
    listed = [change for change in changes if change.action is not Action.NOTHING]
    found: dict[str, list[str]] = {name: [] for name in names}
    for change in listed:
        for name in names:
            if name in (node_of(change.key), change.key, change.address, change.name):
                found[name].append(change.address)
    for name, addresses in found.items():
        if not addresses:
            there = sorted({node_of(change.key) for change in listed if change.key})
            raise NightfleetError(
                f"the plan would do nothing to {name!r}",
                "--only",
                f"it would to: {', '.join(there)}" if there else "nothing is to be done at all",
                Exit.USAGE,
            )
    return tuple(dict.fromkeys(address for addresses in found.values() for address in addresses))
