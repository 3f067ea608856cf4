"""What a change of a plan does to people's work, on OpenStack. Pure.

Terraform's own words are too kind: an "update" of an instance's image is a rebuild that loses its root disk,
one of its flavor a resize that stops it, and a volume that is deleted takes its data along. The table is from
plans and applies of the real provider.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from nightfleet.cloud.kinds import (
    ACCESS,
    ADDRESS,
    ASSOCIATION,
    ATTACHMENT,
    BALANCER,
    INSTANCE,
    INTERFACE,
    LISTENER,
    NETWORK,
    POOL,
    PORT,
    ROUTER,
    SHARE,
    SUBNET,
    VOLUME,
)
from nightfleet.cloud.planfile import Action, Change

DATA = {VOLUME: "volume", SHARE: "share"}
ENTRANCES = {
    BALANCER: "load-balancer",
    ADDRESS: "floating-ip",
    NETWORK: "network",
    SUBNET: "subnet",
    ROUTER: "router",
    PORT: "port",  # one that is plugged into no machine: an address that is kept, or shared
}
PASSAGES = {
    INTERFACE: "router-interface",
    ASSOCIATION: "floating-ip-association",
    LISTENER: "listener",
    POOL: "pool",
}
REBUILDS = ("image_id", "image_name")
RESIZES = ("flavor_id", "flavor_name")
FIXED = ("fixed_ip", "no_fixed_ip")


class Kind(StrEnum):
    """What is lost."""

    DESTROY = "destroyed"  # the machine and its root disk
    REPLACE = "replaced"
    REBUILD = "rebuilt in place: its root disk is lost"
    RESIZE = "resized: it is stopped for it"
    STOP = "switched off"
    DETACH = "robbed of a disk"
    UNPLUG = "robbed of its port and address"
    READDRESS = "given another address"
    DATA = "deleted with its data"
    SHRINK = "made smaller, which no cloud does"
    LOCKOUT = "withdrawn from those who use it"
    ENTRANCE = "taken away, and another one has another address"
    PASSAGE = "taken away from those who come through it"


FATAL = (Kind.DESTROY, Kind.REPLACE, Kind.REBUILD)  # the machine's own disk is gone afterwards


OF_MACHINE = (*FATAL, Kind.RESIZE, Kind.STOP, Kind.DETACH, Kind.UNPLUG, Kind.READDRESS)


@dataclass(frozen=True, slots=True)
class Harm:
    """One resource that would be harmed. `owner` is the node's name, or what the thing is called by.

    `addresses` are the node's. Whose machine it is may be unknown; then `owner` is the resource's address.
    """

    change: Change
    kind: Kind
    owner: str
    attributes: tuple[str, ...] = ()
    addresses: frozenset[str] = frozenset()
    known: bool = True

    @property
    def of_node(self) -> bool:
        """Whether a machine of the cluster is hit."""
        return self.kind in OF_MACHINE

    @property
    def because(self) -> str:
        """The attribute that forces it, in Terraform's words."""
        if self.attributes:
            return ", ".join(self.attributes)
        return self.change.reason.replace("_", " ")


def harms(changes: tuple[Change, ...]) -> tuple[Harm, ...]:
    """Return everything that would be harmed, in the order of the plan."""
    return tuple(harm for change in changes for harm in harm_of(change))


def harm_of(change: Change) -> Iterator[Harm]:
    """Yield what one change harms: nothing, or one thing."""
    if change.type == INSTANCE:
        yield from _of_instance(change)
    elif change.type in DATA:
        yield from _of_data(change)
    elif change.type == PORT:
        yield from _of_port(change)
    elif not change.goes:
        return
    elif change.type == ATTACHMENT:
        yield _of_machine(change, Kind.DETACH, change.forced_by)
    elif change.type == ACCESS:
        yield Harm(change, Kind.LOCKOUT, change.key or change.address, change.forced_by)
    elif change.type in ENTRANCES:
        yield Harm(change, Kind.ENTRANCE, called(change, ENTRANCES), change.forced_by)
    elif change.type in PASSAGES:
        yield Harm(change, Kind.PASSAGE, called(change, PASSAGES), change.forced_by)


def called(change: Change, words: Mapping[str, str]) -> str:
    """`network/gpu`, so that a name that several things share opens one of them."""
    name = change.name or change.before.get("address") or change.before.get("floating_ip")
    return f"{words[change.type]}/{name}" if name else change.address


def _of_instance(change: Change) -> Iterator[Harm]:
    if change.goes:
        kind = Kind.DESTROY if change.action is Action.DELETE else Kind.REPLACE
        yield _of_machine(change, kind, change.forced_by)
    elif change.action is not Action.UPDATE:
        return
    elif found := changed(change, REBUILDS):
        yield _of_machine(change, Kind.REBUILD, found)
    elif found := changed(change, RESIZES):
        yield _of_machine(change, Kind.RESIZE, found)
    elif "power_state" in change.changed and change.after.get("power_state") != "active":
        yield _of_machine(change, Kind.STOP, ("power_state",))


def _of_port(change: Change) -> Iterator[Harm]:
    if change.goes:
        kind, why = Kind.UNPLUG, change.forced_by
    elif change.action is Action.UPDATE and (found := changed(change, FIXED)) and loses_address(change):
        kind, why = Kind.READDRESS, found
    else:
        return
    nowhere = not change.machine and not change.before.get("device_id")
    if nowhere and not change.key:
        yield Harm(change, Kind.ENTRANCE, called(change, ENTRANCES), why)
    elif nowhere:  # a node's, whose machine is gone or was never made
        had = frozenset(map(str, change.before.get("all_fixed_ips") or ()))
        yield Harm(change, kind, node_of(change.key), why, had)
    else:
        yield _of_machine(change, kind, why)


def loses_address(change: Change) -> bool:
    """Tell whether an address that a port has now is none of those that it would have."""
    fixed = change.before.get("fixed_ip") or ()
    had = {one["ip_address"] for one in fixed if one.get("ip_address")}
    had = had or set(change.before.get("all_fixed_ips") or ())
    gets = {one.get("ip_address") for one in change.after.get("fixed_ip") or ()}
    return not had or bool(had - gets)


def _of_machine(change: Change, kind: Kind, why: tuple[str, ...]) -> Harm:
    """Say whom it hits: the server that the state knows; not known when that has none."""
    machine = change.machine
    if machine is None:
        return Harm(change, kind, change.address, why, known=False)
    return Harm(change, kind, machine.name or change.name, why, machine.addresses)


def _of_data(change: Change) -> Iterator[Harm]:
    owner = change.key if "/" in change.key else f"{DATA[change.type]}/{change.key or change.name}"
    if change.goes:
        yield Harm(change, Kind.DATA, owner, change.forced_by)
    elif change.action is Action.UPDATE and "size" in change.changed:
        before, after = change.before.get("size"), change.after.get("size")
        if before is not None and after is not None and after < before:
            yield Harm(change, Kind.SHRINK, owner, ("size",))


def changed(change: Change, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of `names` that the plan changes."""
    return tuple(name for name in names if name in change.changed)


def node_of(key: str) -> str:
    """`os-w01/imagefs` -> os-w01: the modules name a node's things after it."""
    return key.partition("/")[0]
