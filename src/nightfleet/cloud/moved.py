"""Renames that a plan takes for a death and a birth: which `moved` block would say so. Pure.

A key that leaves a `for_each` map and one that enters it look alike to Terraform; only a person knows that
they are the same machine. Pairs are guessed from what the two have in common and printed, never carried out.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from nightfleet.cloud.harm import node_of
from nightfleet.cloud.planfile import BECAUSE_EACH_KEY, Action, Change

LIKE = ("flavor_name", "image_id", "size", "volume_type", "fixed_ip", "network_id")  # what a rename keeps


@dataclass(frozen=True, slots=True)
class Rename:
    """One resource that could keep its life under another address."""

    old: str
    new: str

    def __str__(self) -> str:
        return f"moved {{ from = {self.old}, to = {self.new} }}"


def renames(changes: Iterable[Change]) -> tuple[Rename, ...]:
    """Pair what leaves with what comes, node by node; nothing when their numbers differ."""
    listed = tuple(changes)
    gone = [one for one in listed if one.action is Action.DELETE and one.reason == BECAUSE_EACH_KEY]
    come = [one for one in listed if one.action is Action.CREATE and one.key]
    old, new = _owners(gone), _owners(come)
    if not old or len(old) != len(new):
        return ()
    partners = _partners(old, new, gone, come)
    return tuple(
        Rename(one.address, other.address)
        for one in gone
        for other in come
        if _template(one) == _template(other) and partners.get(node_of(one.key)) == node_of(other.key)
    )


def _owners(changes: Iterable[Change]) -> list[str]:
    return list(dict.fromkeys(node_of(change.key) for change in changes))


def _partners(old: list[str], new: list[str], gone: list[Change], come: list[Change]) -> dict[str, str]:
    """Give each old owner the new one that is most like it; the order decides between equals."""
    free, partners = list(new), {}
    for name in old:
        mine = [one for one in gone if node_of(one.key) == name]
        best = max(free, key=lambda other: _likeness(mine, [c for c in come if node_of(c.key) == other]))
        free.remove(best)
        partners[name] = best
    return partners


def _likeness(mine: list[Change], theirs: list[Change]) -> int:
    pairs = [(one, other) for one in mine for other in theirs if _template(one) == _template(other)]
    same = sum(
        1
        for one, other in pairs
        for name in LIKE
        if one.before.get(name) and one.before.get(name) == other.after.get(name)
    )
    return len(pairs) + same


def _template(change: Change) -> str:
    """Return the address without the owner's name: what a node's disk is called on every node."""
    return change.address.replace(f'"{change.key}"', f'"*{change.key[len(node_of(change.key)) :]}"')
