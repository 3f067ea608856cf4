"""Asking the cloud for what is there under our names, for orphans.py. Changes nothing."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from nightfleet.cloud.harm import INSTANCE, PORT, VOLUME
from nightfleet.cloud.orphans import (
    ADDRESS,
    GROUP,
    INTERFACE,
    KEYPAIR,
    LIKE,
    NETWORK,
    ROUTER,
    RULE,
    SUBNET,
    Thing,
)

TAG = "nightfleet"
SKEW = timedelta(minutes=2)  # between our clock and the cloud's


def there(connection: Any, since: datetime) -> tuple[Thing, ...]:
    """Return what carries our tag or metadata in this project, or was made `since` and carries no tag.

    The provider makes a thing by one request and tags it by another; it may be killed between the two.
    """
    return tuple(_there(connection, since))


def _there(connection: Any, since: datetime) -> Iterator[Thing]:
    network = connection.network
    tagged = {
        NETWORK: network.networks,
        SUBNET: network.subnets,
        ROUTER: network.routers,
        GROUP: network.security_groups,
        PORT: network.ports,
    }
    for kind, ask in tagged.items():
        for one in ask(project_id=connection.current_project_id):
            if ours(one, since):
                yield Thing(kind, one.name, one.id)
    yield from _unnamed(connection, since)
    for server in connection.compute.servers():
        if TAG in (server.metadata or {}):
            yield Thing(INSTANCE, server.name, server.id)
    for volume in connection.block_storage.volumes():
        if TAG in (volume.metadata or {}):
            yield Thing(VOLUME, volume.name, volume.id)
    for key in connection.compute.keypairs():
        yield Thing(KEYPAIR, key.name, key.name)


def ours(one: Any, since: datetime) -> bool:
    """Tell whether something of Neutron's has our tag, or is too young to have got one."""
    if one.tags:
        return TAG in one.tags
    made = datetime.fromisoformat(one.created_at).replace(tzinfo=UTC)
    return made >= since - SKEW


def _unnamed(connection: Any, since: datetime) -> Iterator[Thing]:
    """Yield what is known by what it belongs to: rules, router interfaces, floating IPs."""
    network, mine = connection.network, connection.current_project_id
    for group in (one for one in network.security_groups(project_id=mine) if ours(one, since)):
        for rule in network.security_group_rules(security_group_id=group.id):
            facts = {
                name: getattr(rule, "ether_type" if name == "ethertype" else name) for name in LIKE[RULE]
            }
            yield Thing(RULE, "", rule.id, facts)
    for router in (one for one in network.routers(project_id=mine) if ours(one, since)):
        for port in network.ports(device_id=router.id, device_owner="network:router_interface"):
            facts = {"router_id": router.id, "subnet_id": port.fixed_ips[0]["subnet_id"]}
            yield Thing(INTERFACE, "", port.id, facts)
    for address in (one for one in network.ips(project_id=mine) if ours(one, since)):
        yield Thing(ADDRESS, "", address.id, {"description": address.description})


def attached(connection: Any) -> dict[str, str]:
    """Return volume id -> server id of every attachment of ours."""
    return {
        volume.id: volume.attachments[0]["server_id"]
        for volume in connection.block_storage.volumes()
        if volume.attachments and TAG in (volume.metadata or {})
    }


def of_cluster(connection: Any, name: str) -> tuple[Thing, ...]:
    """Return machines and volumes that say they belong to the cluster of this name."""
    servers = (one for one in connection.compute.servers() if (one.metadata or {}).get(TAG) == name)
    volumes = (one for one in connection.block_storage.volumes() if (one.metadata or {}).get(TAG) == name)
    found = [Thing(INSTANCE, one.name, one.id) for one in servers]
    return (*found, *(Thing(VOLUME, one.name, one.id) for one in volumes))
