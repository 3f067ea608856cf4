"""What a change of a plan does to people's work, on OpenStack. Pure.

Terraform's own words are too kind: an "update" of an instance's image is a rebuild that loses its root disk,
one of its flavor a resize that stops it, and a volume that is deleted takes its data along. The table is from
plans and applies of the real provider.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from nightfleet.cloud.planfile import Action, Change

INSTANCE = "openstack_compute_instance_v2"
PORT = "openstack_networking_port_v2"
ATTACHMENT = "openstack_compute_volume_attach_v2"
VOLUME = "openstack_blockstorage_volume_v3"
SHARE = "openstack_sharedfilesystem_share_v2"
ACCESS = "openstack_sharedfilesystem_share_access_v2"
KEYPAIR = "openstack_compute_keypair_v2"
DATA = {VOLUME: "volume", SHARE: "share"}
ENTRANCES = {
    "openstack_lb_loadbalancer_v2": "load balancer",
    "openstack_networking_floatingip_v2": "floating IP",
    "openstack_networking_network_v2": "network",
    "openstack_networking_subnet_v2": "subnet",
    "openstack_networking_router_v2": "router",
}
REBUILDS = ("image_id", "image_name")
RESIZES = ("flavor_id", "flavor_name")


class Kind(StrEnum):
    """What is lost."""

    DESTROY = "destroyed"  # the machine and its root disk
    REPLACE = "replaced"
    REBUILD = "rebuilt in place: its root disk is lost"
    RESIZE = "resized: it is stopped for it"
    STOP = "switched off"
    DETACH = "robbed of a disk"
    UNPLUG = "robbed of its port and address"
    DATA = "deleted with its data"
    SHRINK = "made smaller, which no cloud does"
    LOCKOUT = "withdrawn from those who use it"
    ENTRANCE = "taken away, and another one has another address"


FATAL = (Kind.DESTROY, Kind.REPLACE, Kind.REBUILD)  # the machine's own disk is gone afterwards


@dataclass(frozen=True, slots=True)
class Harm:
    """One resource that would be harmed. `owner` is the node's name, or the thing's own key."""

    change: Change
    kind: Kind
    owner: str
    attributes: tuple[str, ...] = ()

    @property
    def of_node(self) -> bool:
        """Whether a machine of the cluster is hit."""
        return self.kind not in (Kind.DATA, Kind.SHRINK, Kind.LOCKOUT, Kind.ENTRANCE)

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
    elif not change.goes:
        return
    elif change.type == PORT and change.key:
        yield Harm(change, Kind.UNPLUG, node_of(change.key), change.forced_by)
    elif change.type == ATTACHMENT:
        yield Harm(change, Kind.DETACH, node_of(change.key), change.forced_by)
    elif change.type == ACCESS:
        yield Harm(change, Kind.LOCKOUT, change.key or change.address, change.forced_by)
    elif change.type in ENTRANCES:
        yield Harm(change, Kind.ENTRANCE, change.name or change.address, change.forced_by)


def _of_instance(change: Change) -> Iterator[Harm]:
    name = change.name
    if change.goes:
        kind = Kind.DESTROY if change.action is Action.DELETE else Kind.REPLACE
        yield Harm(change, kind, name, change.forced_by)
    elif change.action is not Action.UPDATE:
        return
    elif found := changed(change, REBUILDS):
        yield Harm(change, Kind.REBUILD, name, found)
    elif found := changed(change, RESIZES):
        yield Harm(change, Kind.RESIZE, name, found)
    elif "power_state" in change.changed and change.after.get("power_state") != "active":
        yield Harm(change, Kind.STOP, name, ("power_state",))


def _of_data(change: Change) -> Iterator[Harm]:
    if change.goes:
        yield Harm(change, Kind.DATA, change.key or change.name, change.forced_by)
    elif change.action is Action.UPDATE and "size" in change.changed:
        before, after = change.before.get("size"), change.after.get("size")
        if before is not None and after is not None and after < before:
            yield Harm(change, Kind.SHRINK, change.key or change.name, ("size",))


def changed(change: Change, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of `names` that the plan changes."""
    return tuple(name for name in names if name in change.changed)


def node_of(key: str) -> str:
    """`os-w01/imagefs` -> os-w01: the modules name a node's things after it."""
    return key.partition("/")[0]
