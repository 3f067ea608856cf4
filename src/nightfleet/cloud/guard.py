"""Is a Terraform plan safe for those who work on the cluster? Pure: a plan and what was seen, to a verdict.

Refused is what harms more nodes than the site allows at once, any node that has pods, control planes beyond
etcd's majority, and any volume or share that would be deleted. What nobody could find out counts as in use.
Each reason names the resource, what forces it, and the safe way; `--allow-replace NAME` opens one.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from nightfleet.cloud.harm import FATAL, Harm, Kind, harms
from nightfleet.cloud.kinds import KEYPAIR
from nightfleet.cloud.moved import Rename, renames
from nightfleet.cloud.occupied import Occupied
from nightfleet.cloud.planfile import Action, Change
from nightfleet.quorum import quorum

LISTED = 5  # nodes or pods named in one sentence


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not: what would happen, to which resource, what forces it, the safe way.

    `opens` is the name that `--allow-replace` takes; "" for what nobody can open.
    """

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
    changes: Iterable[Change],
    occupied: Occupied,
    most: int = 1,
    allowed: Collection[str] = (),
    fresh: Collection[str] = (),
) -> Verdict:
    """Judge a plan. `most` nodes may be harmed at once; `allowed` are names of nodes, keys or addresses.

    `fresh` are the addresses of what a broken-off apply has just made: no site ever had it, so nobody works
    there. (Terraform cannot read a boot volume back, and makes such a machine once more.)
    """
    listed = tuple(changes)
    found = harms(tuple(change for change in listed if change.address not in fresh))
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
    """Tell whether a person has named what is harmed. A node's name does not open its volumes.

    Nobody opens what the cloud refuses in the middle of an apply.
    """
    if harm.kind is Kind.SHRINK:
        return False
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
        pods = pods_on(harm, occupied)
        if pods is None:
            why, way = unknown(harm, occupied)
            yield Refusal(
                f"{name} would be {harm.kind}, and whether pods run there is not known: {why}",
                harm.change.address,
                harm.because,
                f"{way}, or say that nothing runs there: --allow-replace {name}",
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


def pods_on(harm: Harm, occupied: Occupied) -> tuple[str, ...] | None:
    """Return the pods on the machine that is harmed; None when they, or the machine, are not known."""
    if occupied.none_yet:
        return ()
    return occupied.pods_on(harm.owner, harm.addresses) if harm.known else None


def unknown(harm: Harm, occupied: Occupied) -> tuple[str, str]:
    """Say what is missing, and how it comes to be known."""
    if not harm.known:
        return "Terraform's state does not say which machine it belongs to", "find its machine in the cloud"
    why = occupied.silent or "Terraform's state does not say its address, and no node has this name"
    return why, "bring the cluster's API, or its kubeconfig, back"


def way_of(harm: Harm) -> str:
    """Return how the same thing is done without anybody losing work."""
    name = harm.owner
    if harm.kind in FATAL:
        again = "" if harm.kind is Kind.DESTROY else f", nightfleet node replace {name}"
        return f"drain first: nightfleet node leave {name}, nightfleet cloud apply --only {name}{again}"
    return f"drain first: kubectl drain {name} --ignore-daemonsets, then the same command, then uncordon it"


def beyond_quorum(found: Iterable[Harm], occupied: Occupied, allowed: Collection[str]) -> Iterator[Refusal]:
    """Control planes are counted together, those that were opened too: etcd does not know who allowed it."""
    hit = {name: harm for name, harm in nodes_hit(found).items() if occupied.is_plane(name, harm.addresses)}
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
    theirs = {
        member.id: harm
        for member in voters
        for name, harm in hit.items()
        if occupied.holds(member, name, harm.addresses)
    }
    if not theirs:
        return ""
    left = [member for member in voters if member.id not in theirs and member.healthy]
    if len(theirs) == len(voters) and any(harm.kind in FATAL for harm in theirs.values()):
        return f"{'they hold' if len(theirs) > 1 else 'it holds'} the only copy of the cluster's data"
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
        Kind.PASSAGE: "keep what it is made of; if it must go, tell its users and name it",
    }
    for harm in closed:
        if harm.kind in ways:
            opens = "" if harm.kind is Kind.SHRINK else harm.owner
            yield Refusal(
                f"{harm.owner} would be {harm.kind}",
                harm.change.address,
                harm.because,
                f"{ways[harm.kind]}: --allow-replace {opens}" if opens else ways[harm.kind],
                opens,
            )


def warnings(changes: tuple[Change, ...], found: Iterable[Harm], occupied: Occupied) -> Iterator[str]:
    """What is no danger and yet not what one would think."""
    for change in changes:
        if change.type == KEYPAIR and change.action is Action.REPLACE:
            yield f"{change.address}: machines that exist keep the old key; only new ones get this one"
    for name, harm in nodes_hit(found).items():
        if pods_on(harm, occupied) == () and harm.kind in FATAL:
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
