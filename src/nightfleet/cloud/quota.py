"""Asking each service what the project uses and may have, by openstacksdk. Only asks.

Nova has no quota of GPUs: what is not here is not known.
"""

from collections.abc import Callable, Mapping
from typing import Any

Amounts = dict[str, tuple[int | None, int | None]]  # resource: in use, at most; -1 is no limit
OF_NEUTRON = (
    "networks",
    "subnets",
    "ports",
    "routers",
    "floating_ips",
    "security_groups",
    "security_group_rules",
)


def _compute(connection: Any) -> Amounts:
    said = connection.compute.get_limits().absolute
    return {
        "instances": (said.instances_used, said.instances),
        "cores": (said.total_cores_used, said.total_cores),
        "ram": (said.total_ram_used, said.total_ram),
        "server_groups": (said.server_groups_used, said.server_groups),
    }


def _volumes(connection: Any) -> Amounts:
    said = connection.block_storage.get_limits().absolute
    return {
        "volumes": (said.total_volumes_used, said.max_total_volumes),
        "gigabytes": (said.total_gigabytes_used, said.max_total_volume_gigabytes),
    }


def _network(connection: Any) -> Amounts:
    said = connection.network.get_quota(connection.current_project_id, details=True)
    asked = {name: getattr(said, name) for name in OF_NEUTRON}
    return {
        name: (detail["used"], detail["limit"])
        for name, detail in asked.items()
        if isinstance(detail, Mapping)
    }


def _load_balancers(connection: Any) -> Amounts:
    """Octavia says what may be and not what is: that is counted, where there is a limit."""
    if not connection.has_service("load-balancer"):
        return {}
    service = connection.load_balancer
    most = service.get_quota(connection.current_project_id)
    count: dict[str, Callable[[], int]] = {
        "load_balancers": lambda: len(list(service.load_balancers())),
        "listeners": lambda: len(list(service.listeners())),
        "pools": lambda: len(list(service.pools())),
        "members": lambda: sum(len(pool.members or []) for pool in service.pools()),
        "health_monitors": lambda: len(list(service.health_monitors())),
    }
    limits = {name: getattr(most, name) for name in count}
    return {name: (count[name]() if (limit or 0) > 0 else 0, limit) for name, limit in limits.items()}


def _shares(connection: Any) -> Amounts:
    if not connection.has_service("shared-file-system"):
        return {}
    (said, *_) = connection.shared_file_system.limits()
    return {
        "shares": (said.totalSharesUsed, said.maxTotalShares),
        "share_gigabytes": (said.totalShareGigabytesUsed, said.maxTotalShareGigabytes),
    }


QUOTAS: dict[str, Callable[[Any], Amounts]] = {
    "compute": _compute,
    "block storage": _volumes,
    "network": _network,
    "load balancers": _load_balancers,
    "shares": _shares,
}
