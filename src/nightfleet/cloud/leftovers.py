"""Asking the cloud for what it has made since a moment, for orphans.py. Changes nothing.

What is older was there before and is somebody's: another cluster in the same project may use the same names.
"""

from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

from nightfleet.cloud import parts
from nightfleet.cloud.kinds import (
    ADDRESS,
    GROUP,
    INSTANCE,
    INTERFACE,
    KEYPAIR,
    NETWORK,
    PORT,
    ROUTER,
    RULE,
    SPREAD,
    SUBNET,
    VOLUME,
)
from nightfleet.cloud.orphans import LIKE, TAG, Thing
from nightfleet.cloud.parts import Found
from nightfleet.cloud.project import cloud_errors

SKEW = timedelta(minutes=2)  # between our clock and the cloud's


def there(connection: Any, since: datetime, kinds: Collection[str]) -> tuple[Thing, ...]:
    """Return what was made in this project `since`, unless its tags say that it is somebody else's.

    Only services that have one of these kinds are asked. The provider makes a thing by one request and tags
    it by another; it may be killed between the two.
    """
    asked = [ask(connection) for ask, made in ASKED if not made.isdisjoint(kinds)]
    with asking():
        found = [thing for said in asked for one, thing in said if young(one, since) and not foreign(one)]
        return (*found, *(_spread(connection) if SPREAD in kinds else ()))


def asking() -> AbstractContextManager[None]:
    """Say what it means when the cloud does not answer: what cannot be seen would be made twice."""
    what = "what the last apply left behind cannot be looked for"
    return cloud_errors("", what, "the same command again once the cloud answers; nothing was changed")


def young(one: Any, since: datetime) -> bool:
    """Tell whether something was made since then. What has no date is not taken for ours."""
    if not one.created_at:
        return False
    return datetime.fromisoformat(one.created_at).replace(tzinfo=UTC) >= since - SKEW


def foreign(one: Any) -> bool:
    """Tell whether something has tags, and ours is not among them."""
    tags = getattr(one, "tags", None) or (TAG,)
    return TAG not in tags


def _network(connection: Any) -> Found:
    network, mine = connection.network, connection.current_project_id
    named = {
        NETWORK: network.networks,
        SUBNET: network.subnets,
        ROUTER: network.routers,
        GROUP: network.security_groups,
    }
    for kind, ask in named.items():
        for one in ask(project_id=mine):
            yield one, Thing(kind, one.id, {"name": one.name})
    for port in network.ports(project_id=mine):
        addresses = frozenset(fixed["ip_address"] for fixed in port.fixed_ips or ())
        facts = {"network_id": port.network_id, "name": port.name, "fixed_ip": addresses}
        yield port, Thing(PORT, port.id, facts)
    for rule in network.security_group_rules(project_id=mine):
        facts = {name: getattr(rule, "ether_type" if name == "ethertype" else name) for name in LIKE[RULE]}
        yield rule, Thing(RULE, rule.id, facts)
    for router in network.routers(project_id=mine):
        for port in network.ports(device_id=router.id, device_owner="network:router_interface"):
            facts = {"router_id": router.id, "subnet_id": port.fixed_ips[0]["subnet_id"]}
            yield port, Thing(INTERFACE, port.id, facts)
    for address in network.ips(project_id=mine):
        yield address, Thing(ADDRESS, address.id, {"description": address.description})


def _machines(connection: Any) -> Found:
    for server in connection.compute.servers():
        yield server, Thing(INSTANCE, server.id, _of_whom(server))
    for volume in connection.block_storage.volumes():
        yield volume, Thing(VOLUME, volume.id, _of_whom(volume))


def _keys(connection: Any) -> Found:
    for key in connection.compute.keypairs():  # a list tells no dates
        yield connection.compute.get_keypair(key.name), Thing(KEYPAIR, key.name, {"name": key.name})


def _of_whom(one: Any) -> dict[str, object]:
    return {"name": one.name, TAG: (one.metadata or {}).get(TAG)}


def _spread(connection: Any) -> Iterator[Thing]:
    """Yield server groups: they have no date, but members, which must be ours."""
    for group in connection.compute.server_groups():
        yield Thing(SPREAD, group.id, {"name": group.name}, tuple(group.member_ids or ()))


def attached(connection: Any) -> dict[str, str]:
    """Return volume id -> server id of every attachment."""
    with asking():
        return {
            volume.id: volume.attachments[0]["server_id"]
            for volume in connection.block_storage.volumes()
            if volume.attachments
        }


def of_cluster(connection: Any, name: str) -> tuple[Thing, ...]:
    """Return machines and volumes that say they belong to the cluster of this name."""
    return tuple(thing for _, thing in _machines(connection) if thing.facts[TAG] == name)


ASKED = (
    (_network, frozenset({NETWORK, SUBNET, ROUTER, GROUP, PORT, RULE, INTERFACE, ADDRESS})),
    (_machines, frozenset({INSTANCE, VOLUME})),
    (_keys, frozenset({KEYPAIR})),
    (parts.balancers, parts.BALANCED),
    (parts.shares, parts.SHARED),
)
