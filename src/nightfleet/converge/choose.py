"""Which nodes a person means: names and ranges (`lab-w[1-2]`) against the site. Pure."""

from collections.abc import Iterable
from difflib import get_close_matches

from ClusterShell.NodeSet import NodeSet, NodeSetException

from nightfleet.errors import Exit, NightfleetError
from nightfleet.site import Site


def choose(site: Site, patterns: Iterable[str] | None) -> tuple[str, ...]:
    """Return the chosen names in the order of the site file; None chooses every node.

    Raises NightfleetError for a pattern that is no range, and for names that the site does not have.
    """
    every = tuple(node.name for node in site.fleet)
    if patterns is None:
        return every
    wanted = {name for pattern in patterns for name in _expand(pattern)}
    unknown = sorted(wanted.difference(every))
    if unknown:
        near = get_close_matches(unknown[0], every, n=1)
        raise NightfleetError(
            f"site {site.site!r} has no node {', '.join(map(repr, unknown))}"
            + (f"; did you mean {near[0]!r}?" if near else ""),
            str(site.path),
            f"its nodes: {NodeSet.fromlist(every)}",
            Exit.USAGE,
        )
    return tuple(name for name in every if name in wanted)


def fold(names: Iterable[str]) -> str:
    """Write names as short as ranges can: lab-w1, lab-w2 -> lab-w[1-2]."""
    return str(NodeSet.fromlist(list(names)))


def _expand(pattern: str) -> list[str]:
    try:
        return [str(name) for name in NodeSet(pattern)]
    except NodeSetException as error:
        raise NightfleetError(
            f"{pattern!r} is no range of nodes: {error}",
            hint="write lab-w1 or lab-w[1-2,5]",
            exit_code=Exit.USAGE,
        ) from error
