"""What a broken-off apply left behind: what the cloud has, the plan would make, and no state knows. Pure.

Terraform writes a thing into its state when the cloud has finished it; killed before, or told of a failure
that was none, it makes another one the next time, or is refused because the address is taken. What is ours
was made since then, and is what the plan says (name, cluster, network, address); it can be taken into the
state by `import` blocks in the next plan.
(The command `terraform import` would not do: it evaluates outputs against a state that is half there.)
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from nightfleet.cloud.kinds import (
    ACCESS,
    ADDRESS,
    ASSOCIATION,
    ATTACHMENT,
    BALANCER,
    GROUP,
    INSTANCE,
    INTERFACE,
    KEYPAIR,
    LISTENER,
    MEMBER,
    MONITOR,
    NETWORK,
    POOL,
    PORT,
    ROUTER,
    RULE,
    SHARE,
    SHARE_NETWORK,
    SPREAD,
    SUBNET,
    VOLUME,
)
from nightfleet.cloud.planfile import Action, Change, resources_of

TAG = "nightfleet"  # tag on what takes tags; in metadata, with the cluster's name
# Each is known by these words of the plan; what it belongs to comes first, and must be known.
LIKE: dict[str, tuple[str, ...]] = {
    NETWORK: ("name",),
    SUBNET: ("name",),
    ROUTER: ("name",),
    GROUP: ("name",),
    PORT: ("network_id", "name", "fixed_ip"),
    VOLUME: ("name", TAG),
    INSTANCE: ("name", TAG),
    KEYPAIR: ("name",),
    SPREAD: ("name",),
    BALANCER: ("name",),
    LISTENER: ("loadbalancer_id", "name"),
    POOL: ("loadbalancer_id", "name"),
    MEMBER: ("pool_id", "address", "protocol_port"),
    MONITOR: ("pool_id", "type"),
    SHARE_NETWORK: ("name",),
    SHARE: ("name",),
    ACCESS: ("share_id", "access_type", "access_to"),
    INTERFACE: ("router_id", "subnet_id"),
    RULE: (
        "security_group_id",
        "direction",
        "ethertype",
        "protocol",
        "port_range_min",
        "port_range_max",
        "remote_ip_prefix",
    ),
    ADDRESS: ("description",),
}
ORDER = {kind: number for number, kind in enumerate(LIKE)}  # what others lie in comes first
SAME = (ATTACHMENT, ASSOCIATION)  # has a way of its own below; made twice, it is the same one


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that the cloud has: its kind in Terraform's words, the id to import, what else tells it.

    `holds` are ids of what is in it.
    """

    kind: str
    id: str
    facts: Mapping[str, object] = field(default_factory=dict)
    holds: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What the cloud calls it; "" for what has no name of its own."""
        return str(self.facts.get("name") or "")


@dataclass(frozen=True, slots=True)
class Adoption:
    """What to take into the state, and under which address."""

    address: str
    id: str
    what: str


def adoptions(
    changes: Iterable[Change], there: Iterable[Thing], known: Collection[str]
) -> tuple[Adoption, ...]:
    """Pair what the plan would make with what is there and looks so. `known` are ids in the state.

    Two things that look alike are nobody's for certain: they are left alone, and the apply will say so.
    """
    free = [thing for thing in there if ours(thing, known)]
    pairs = [
        (ORDER[change.type], Adoption(change.address, ids[0], f"{change.type} {change.name!r}"))
        for change in changes
        if change.action is Action.CREATE and change.type in LIKE
        if len(ids := [thing.id for thing in free if same(thing, change)]) == 1
    ]
    return tuple(adoption for _, adoption in sorted(pairs, key=lambda pair: pair[0]))


def ours(thing: Thing, known: Collection[str]) -> bool:
    """Tell whether a thing is in no state, and has nothing in it that is in none either."""
    return thing.id.rpartition("/")[2] not in known and set(thing.holds) <= set(known)


def same(thing: Thing, change: Change) -> bool:
    """Tell whether a thing is what the plan would make, by all that is said of its kind."""
    if thing.kind != change.type:
        return False
    says = words_of(change)
    attributes = LIKE[change.type]
    if not says.get(attributes[0]):
        return False  # known once what it belongs to is in the state
    return all(agree(name, thing.facts.get(name), says.get(name)) for name in attributes)


def agree(name: str, there: Any, says: Any) -> bool:
    """Tell whether one fact is as the plan says; a port may have more addresses than it names."""
    return says <= there if name == "fixed_ip" else (there or None) == (says or None)


def words_of(change: Change) -> dict[str, object]:
    """Return what the plan says of a thing, as the facts of things are written."""
    says = dict(change.after)
    says[TAG] = (change.after.get("metadata") or {}).get(TAG)
    fixed = change.after.get("fixed_ip") or ()
    says["fixed_ip"] = frozenset(one["ip_address"] for one in fixed if one.get("ip_address"))
    return says


def not_looked_for(changes: Iterable[Change]) -> tuple[str, ...]:
    """Return the addresses of what the plan would make and of whose kind nobody can tell what is there."""
    return tuple(
        change.address
        for change in changes
        if change.action is Action.CREATE and change.type.startswith("openstack_")
        if change.type not in LIKE and change.type not in SAME
    )


def attachments(changes: Iterable[Change], attached: Mapping[str, str]) -> tuple[Adoption, ...]:
    """Pair attachments of the plan with those that are: `attached` says volume id -> server id."""
    return tuple(
        Adoption(change.address, f"{server}/{volume}", f"attachment of {change.key!r}")
        for change in changes
        if change.action is Action.CREATE and change.type == ATTACHMENT
        if (volume := str(change.after.get("volume_id") or ""))
        if (server := attached.get(volume)) and server == change.after.get("instance_id")
    )


def import_blocks(adoptions: Iterable[Adoption]) -> dict[str, object]:
    """Return the adoptions as a file of Terraform's (NAME.tf.json)."""
    return {"import": [{"to": adoption.address, "id": adoption.id} for adoption in adoptions]}


def known_ids(document: Mapping[str, object]) -> frozenset[str]:
    """Return every id that a plan's earlier state holds (`prior_state` of the plan as JSON)."""
    return frozenset(str(one["values"].get("id")) for one in resources_of(document.get("prior_state")))
