"""Load balancers and shares, with what they are made of, as the cloud has them. For leftovers.py.

Not every cloud has these services; without them there is nothing.
"""

from collections.abc import Iterator
from typing import Any

from nightfleet.cloud.kinds import ACCESS, BALANCER, LISTENER, MEMBER, MONITOR, POOL, SHARE, SHARE_NETWORK
from nightfleet.cloud.orphans import Thing

BALANCED = frozenset({BALANCER, LISTENER, POOL, MEMBER, MONITOR})
SHARED = frozenset({SHARE_NETWORK, SHARE, ACCESS})
Found = Iterator[tuple[Any, Thing]]  # what the cloud says, and what we make of it


def balancers(connection: Any) -> Found:
    """Yield load balancers with listeners, pools, members and monitors."""
    if not connection.has_service("load-balancer"):
        return
    ask, mine = connection.load_balancer, connection.current_project_id
    for one in ask.load_balancers(project_id=mine):
        yield one, Thing(BALANCER, one.id, {"name": one.name})
    for one in ask.listeners(project_id=mine):
        yield one, Thing(LISTENER, one.id, {"loadbalancer_id": first(one.load_balancers), "name": one.name})
    for pool in ask.pools(project_id=mine):
        yield pool, Thing(POOL, pool.id, {"loadbalancer_id": first(pool.loadbalancers), "name": pool.name})
        for one in ask.members(pool.id):
            facts = {"pool_id": pool.id, "address": one.address, "protocol_port": one.protocol_port}
            yield one, Thing(MEMBER, f"{pool.id}/{one.id}", facts)
    for one in ask.health_monitors(project_id=mine):
        yield one, Thing(MONITOR, one.id, {"pool_id": first(one.pools), "type": one.type})


def shares(connection: Any) -> Found:
    """Yield shares, their networks, and who may use them."""
    if not connection.has_service("shared-file-system"):
        return
    ask = connection.shared_file_system
    for one in ask.share_networks():
        yield one, Thing(SHARE_NETWORK, one.id, {"name": one.name})
    for share in ask.shares():
        yield share, Thing(SHARE, share.id, {"name": share.name})
        for rule in ask.access_rules(share.id):
            facts = {"share_id": share.id, "access_type": rule.access_type, "access_to": rule.access_to}
            yield rule, Thing(ACCESS, f"{share.id}/{rule.id}", facts)


def first(listed: Any) -> str:
    """Return the id of the first that is named in a list."""
    return str(listed[0]["id"]) if listed else ""
