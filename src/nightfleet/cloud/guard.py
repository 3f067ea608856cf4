"""Is a Terraform plan safe for those who work on the cluster? Pure: a plan and what was seen, to a verdict.

Refused is what harms more nodes than the site allows at once, any node that has pods, control planes beyond
etcd's majority, and any volume or share that would be deleted. What nobody could find out counts as in use.
Each reason names the resource, what forces it, and the safe way; `--allow-replace NAME` opens one.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from nightfleet.cloud.harm import FATAL, KEYPAIR, Harm, Kind, harms
from nightfleet.cloud.moved import Rename, renames
from nightfleet.cloud.occupied import Occupied
from nightfleet.cloud.planfile import Action, Change
from nightfleet.quorum import quorum

LISTED = 5  # nodes or pods named in one sentence


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not: what would happen, to which resource, what forces it, the safe way; `opens` is its name."""

    what: str
    resource: str
    because: str
    way: str
    opens: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a plan would do, and what speaks against it. It may be carried out when nothing does."""

    refusals: tuple[Refusal, ...] = ()
    warnings: tuple[str, ...] = ()
    renames: tuple[Rename, ...] = ()
    allowed: tuple[str, ...] = ()  # harm that somebody has opened by name
    counts: dict[str, int] = field(default_factory=dict)
    taken_over: int = 0  # what exists already and comes into the state

    @property
    def safe(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.refusals

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return not any(self.counts.values()) and not self.taken_over


def judge(
    changes: Iterable[Change], occupied: Occupied, most: int = 1, allowed: Collection[str] = ()
) -> Verdict:
    """Judge a plan. `most` nodes may be harmed at once; `allowed` are names of nodes, keys or addresses."""
    listed = tuple(changes)
    found = harms(listed)
    closed = tuple(harm for harm in found if not opened(harm, allowed))
    return Verdict(
        refusals=(
            *too_many(closed, most),
            *busy(closed, occupied),
            *beyond_quorum(found, occupied, allowed),
            *losses(closed),
        ),
        warnings=tuple(warnings(listed, found, occupied)),
        renames=renames(listed),
        allowed=tuple(dict.fromkeys(harm.owner for harm in found if opened(harm, allowed))),
        counts=count(listed),
        taken_over=sum(change.taken_over for change in listed),
    )


def opened(harm: Harm, allowed: Collection[str]) -> bool:
    """Tell whether a person has named what is harmed. A node's name does not open its volumes."""
    return harm.owner in allowed or harm.change.address in allowed


def nodes_hit(found: Iterable[Harm]) -> dict[str, Harm]:
    """Return the machines that are harmed, each with the worst that happens to it."""
    order = list(Kind)
    hit: dict[str, Harm] = {}
    for harm in sorted((one for one in found if one.of_node), key=lambda one: order.index(one.kind)):
        hit.setdefault(harm.owner, harm)
    return hit


def too_many(closed: Iterable[Harm], most: int) -> Iterator[Refusal]:
    """One at a time, or as many as the site says: the cluster has to do without them meanwhile."""
    hit = nodes_hit(closed)
    if len(hit) > most:
        first = next(iter(hit.values()))
        causes = sorted({harm.because for harm in hit.values() if harm.because})
        yield Refusal(
            f"{len(hit)} nodes would be harmed at once, at most {most} may be: {listing(hit)}",
            first.change.address,
            ", ".join(causes[:LISTED]),
            f"one after the other: nightfleet cloud apply --only {first.owner}, and so on;"
            " or keep what they have by ignore_changes; cloud.limits.harmed_nodes says how many at once",
            first.owner,
        )


def busy(closed: Iterable[Harm], occupied: Occupied) -> Iterator[Refusal]:
    """A machine with pods of somebody is not taken away under them."""
    for name, harm in nodes_hit(closed).items():
        pods = occupied.pods_on(name)
        if pods is None:
            yield Refusal(
                f"{name} would be {harm.kind}, and whether pods run there is not known: {occupied.silent}",
                harm.change.address,
                harm.because,
                "bring the cluster's API back, or say that nothing runs there: --allow-replace " + name,
                name,
            )
        elif pods:
            yield Refusal(
                f"{name} would be {harm.kind}, and {len(pods)} pods run there: {listing(pods)}",
                harm.change.address,
                harm.because,
                way_of(harm),
                name,
            )


def way_of(harm: Harm) -> str:
    """Return how the same thing is done without anybody losing work."""
    name = harm.owner
    if harm.kind in FATAL:
        again = "" if harm.kind is Kind.DESTROY else f", nightfleet node replace {name}"
        return f"drain first: nightfleet node leave {name}, nightfleet cloud apply --only {name}{again}"
    return f"drain first: kubectl drain {name} --ignore-daemonsets, then the same command, then uncordon it"


def beyond_quorum(found: Iterable[Harm], occupied: Occupied, allowed: Collection[str]) -> Iterator[Refusal]:
    """Control planes are counted together, those that were opened too: etcd does not know who allowed it."""
    hit = {name: harm for name, harm in nodes_hit(found).items() if name in occupied.control_planes}
    closed = [name for name, harm in hit.items() if not opened(harm, allowed)]
    if not closed:
        return
    first = hit[closed[0]]
    if why := why_not_without(hit, occupied):
        yield Refusal(
            f"{listing(hit)} would be {first.kind}: {why}",
            first.change.address,
            first.because,
            "one control plane after the other, each joined again before the next:"
            f" nightfleet node leave {closed[0]}, nightfleet cloud apply --only {closed[0]},"
            f" nightfleet node replace {closed[0]}",
            closed[0],
        )


def why_not_without(hit: dict[str, Harm], occupied: Occupied) -> str:
    """Say why etcd cannot do without these control planes at the same time; "" when it can."""
    if occupied.members is None:
        return f"etcd does not say who its members are ({occupied.silent})"
    voters = [member for member in occupied.members if not member.learner]
    theirs = [member for member in voters if member.name in hit]
    if not theirs:
        return ""
    left = [member for member in voters if member.name not in hit and member.healthy]
    if len(theirs) == len(voters) and any(hit[member.name].kind in FATAL for member in theirs):
        return (
            "they hold the only copy of the cluster's data"
            if len(theirs) > 1
            else ("it holds the only copy of the cluster's data")
        )
    need = quorum(len(voters))
    if len(left) >= need or len(voters) == 1:
        return ""
    return f"etcd has {len(voters)} members and needs {need}; {len(left)} healthy ones would be left"


def losses(closed: Iterable[Harm]) -> Iterator[Refusal]:
    """Data is never deleted on the way; what others reach the cluster by is not taken away unasked."""
    ways = {
        Kind.DATA: "keep it: a `moved` block when only its name changed, else back it up"
        " (nightfleet cloud backup now) and name it",
        Kind.SHRINK: "write the size that it has; a smaller one is a new volume and a copy",
        Kind.LOCKOUT: "add the new rule first, move the clients, then name the old one",
        Kind.ENTRANCE: "keep its name and network; if it must go, tell its users and name it",
    }
    for harm in closed:
        if harm.kind in ways:
            yield Refusal(
                f"{harm.owner} would be {harm.kind}",
                harm.change.address,
                harm.because,
                f"{ways[harm.kind]}: --allow-replace {harm.owner}"
                if harm.kind is not Kind.SHRINK
                else ways[harm.kind],
                harm.owner,
            )


def warnings(changes: tuple[Change, ...], found: Iterable[Harm], occupied: Occupied) -> Iterator[str]:
    """What is no danger and yet not what one would think."""
    for change in changes:
        if change.type == KEYPAIR and change.action is Action.REPLACE:
            yield f"{change.address}: machines that exist keep the old key; only new ones get this one"
    for name, harm in nodes_hit(found).items():
        if occupied.pods_on(name) == () and harm.kind in FATAL:
            yield f"{name} is {harm.kind}; no pod runs there"
    if occupied.none_yet and any(harm.of_node for harm in found):
        yield "no cluster was made from here yet: nobody was asked whether work runs on these machines"


def count(changes: Iterable[Change]) -> dict[str, int]:
    """Return how many resources are created, updated, replaced and deleted."""
    wanted = (Action.CREATE, Action.UPDATE, Action.REPLACE, Action.DELETE)
    actions = [change.action for change in changes]
    return {action.value: actions.count(action) for action in wanted}


def listing(names: Collection[str]) -> str:
    """`a, b, c and 7 more`."""
    shown = list(names)[:LISTED]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
