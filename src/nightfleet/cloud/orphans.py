"""What a killed apply left behind: what the cloud has, the plan would make, and no state knows. Pure.

Terraform writes a thing into its state when the cloud has finished it; killed before, it makes another one
the next time, or is refused because the address is taken. What is ours carries our names (and tag or
metadata), so it can be recognised and taken into the state by `import` blocks in the next plan.
(The command `terraform import` would not do: it evaluates outputs against a state that is half there.)
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from nightfleet.cloud.harm import ATTACHMENT, INSTANCE, PORT, VOLUME
from nightfleet.cloud.planfile import Action, Change

NETWORK = "openstack_networking_network_v2"
SUBNET = "openstack_networking_subnet_v2"
ROUTER = "openstack_networking_router_v2"
GROUP = "openstack_networking_secgroup_v2"
KEYPAIR = "openstack_compute_keypair_v2"
NAMED = (NETWORK, SUBNET, ROUTER, GROUP, PORT, VOLUME, INSTANCE, KEYPAIR)
RULE = "openstack_networking_secgroup_rule_v2"
INTERFACE = "openstack_networking_router_interface_v2"
ADDRESS = "openstack_networking_floatingip_v2"
LIKE = {  # what has no name of its own is known by these; the first must be known
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
ORDER = {kind: number for number, kind in enumerate(NAMED)}  # what others lie in comes first


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that the cloud has: its kind in Terraform's words, name and id, and what else tells it."""

    kind: str
    name: str
    id: str
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Adoption:
    """What to take into the state, and under which address."""

    address: str
    id: str
    what: str


def adoptions(
    changes: Iterable[Change], there: Iterable[Thing], known: Iterable[str]
) -> tuple[Adoption, ...]:
    """Pair what the plan would make with what is there under its name. `known` are ids in the state.

    Two things of one name are nobody's for certain: they are left alone, and the apply will say so.
    """
    ours = set(known)
    free = [thing for thing in there if thing.id not in ours]
    pairs = [
        (
            ORDER.get(change.type, len(ORDER)),
            Adoption(change.address, ids[0], f"{change.type} {change.key!r}"),
        )
        for change in changes
        if change.action is Action.CREATE
        if len(ids := [thing.id for thing in free if thing.kind == change.type and same(thing, change)]) == 1
    ]
    return tuple(adoption for _, adoption in sorted(pairs, key=lambda pair: pair[0]))


def same(thing: Thing, change: Change) -> bool:
    """Tell whether a thing is what the plan would make, by its name or by what is said of it."""
    attributes = LIKE.get(change.type)
    if attributes is None:
        return change.type in ORDER and thing.name == change.name
    if not change.after.get(attributes[0]):
        return False  # known once what it belongs to is in the state
    return all((thing.facts.get(name) or None) == (change.after.get(name) or None) for name in attributes)


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
    found: set[str] = set()
    _collect(document.get("prior_state"), found)
    return frozenset(found)


def _collect(value: object, found: set[str]) -> None:
    if isinstance(value, Mapping):
        values = value.get("values")
        if isinstance(values, Mapping) and value.get("mode") == "managed":
            found.add(str(values.get("id")))
        for inner in value.values():
            _collect(inner, found)
    elif isinstance(value, list):
        for inner in value:
            _collect(inner, found)
