"""What a plan needs against what the project may still use, and what it would cost. Pure.

Counted before the apply, because Terraform does not: it stops in the middle, at the first thing that the
cloud refuses, and what was made until then is there and paid for. What goes makes no room for others:
Terraform makes and deletes at the same time.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from nightfleet.cloud.kinds import (
    ADDRESS,
    BALANCER,
    GROUP,
    INSTANCE,
    INTERFACE,
    LISTENER,
    MEMBER,
    MONITOR,
    NETWORK,
    POOL,
    PORT,
    ROUTER,
    RULE,
    SHARE,
    SPREAD,
    SUBNET,
    VOLUME,
)
from nightfleet.cloud.planfile import Action, Change
from nightfleet.site.cloud import Prices

UNITS = {"ram": "MiB", "gigabytes": "GiB", "share_gigabytes": "GiB"}
SINGLE = {
    PORT: "ports",
    ADDRESS: "floating_ips",
    NETWORK: "networks",
    SUBNET: "subnets",
    ROUTER: "routers",
    INTERFACE: "ports",
    RULE: "security_group_rules",
    SPREAD: "server_groups",
    BALANCER: "load_balancers",
    LISTENER: "listeners",
    POOL: "pools",
    MEMBER: "members",
    MONITOR: "health_monitors",
}
OWN_RULES = 2  # Neutron lets a new group's packets out, IPv4 and IPv6
MONTH = 730  # hours
UNCOUNTED = ("load balancers", "routers", "shares", "copies", "traffic")  # what no price is asked for


@dataclass(frozen=True, slots=True)
class Flavor:
    """What a machine of this flavor takes; `ram` in MiB."""

    name: str
    cores: int
    ram: int
    gpus: int = 0


@dataclass(frozen=True, slots=True)
class Room:
    """What the project has in use and may have, by resource; what is in none of these is not known."""

    used: Mapping[str, int] = field(default_factory=dict)
    limit: Mapping[str, int] = field(default_factory=dict)
    flavors: Mapping[str, Flavor] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()  # services that did not say
    unlimited: frozenset[str] = frozenset()  # resources that may be had without end

    def free(self, resource: str) -> int | None:
        """Return what is left; None without a limit, or when nobody said."""
        limit = self.limit.get(resource)
        return None if limit is None else limit - self.used.get(resource, 0)


@dataclass(frozen=True, slots=True)
class Budget:
    """What a plan adds, what does not fit, and its cost in `currency` by the hour."""

    needs: Mapping[str, int]
    shortages: tuple[str, ...]
    unknown: tuple[str, ...]
    hourly: float
    currency: str
    unpriced: tuple[str, ...] = ()  # flavors, volumes, floating IPs without a price

    @property
    def fits(self) -> bool:
        """Whether the cloud would let it all be made, as far as it says."""
        return not self.shortages


def budget(changes: Iterable[Change], room: Room, prices: Prices) -> Budget:
    """Count a plan against the room that is left."""
    listed = tuple(changes)
    needs, unlisted = needed(listed, room.flavors)
    shortages = [
        f"{resource}: {amount} more are needed, {max(free, 0)} of {room.limit[resource]} are left"
        + (f" ({UNITS[resource]})" if resource in UNITS else "")
        for resource, amount in needs.items()
        if amount > 0 and (free := room.free(resource)) is not None and amount > free
    ]
    known = {*room.limit, *room.unlimited}
    untold = [resource for resource, amount in needs.items() if amount > 0 and resource not in known]
    quota = (f"quota of {', '.join(untold)}: no service tells it",) if untold else ()
    hourly, unpriced = cost(listed, prices)
    unknown = (*room.unknown, *unlisted, *quota)
    return Budget(needs, tuple(shortages), unknown, hourly, prices.currency, unpriced)


def needed(
    changes: Iterable[Change], flavors: Mapping[str, Flavor]
) -> tuple[dict[str, int], tuple[str, ...]]:
    """Return what the plan adds of each resource, and flavors that the cloud does not list."""
    needs: Counter[str] = Counter()
    unlisted = []
    for change in changes:
        if change.action not in (Action.CREATE, Action.UPDATE, Action.REPLACE):
            continue
        needs.update(_more(change, flavors))
        flavor = flavor_of(change.after)
        if change.type == INSTANCE and flavor not in flavors and flavor != flavor_of(change.before):
            unlisted.append(f"flavor {flavor!r}")
    return {name: needs[name] for name in sorted(needs)}, tuple(dict.fromkeys(unlisted))


def _more(change: Change, flavors: Mapping[str, Flavor]) -> dict[str, int]:
    """What a change needs while it is made: all of a new thing, and what a changed one takes more.

    Terraform deletes what it replaces before it makes the new one, unless `create_before_destroy` says
    otherwise: then both are there for a while.
    """
    after = taken(change.type, change.after, flavors)
    before = {} if change.old_stays else taken(change.type, change.before, flavors)
    return {name: max(0, amount - before.get(name, 0)) for name, amount in after.items()}


def taken(kind: str, said: Mapping[str, Any], flavors: Mapping[str, Flavor]) -> dict[str, int]:
    """Return what one thing takes of each resource; nothing when there is none."""
    if not said:
        return {}
    if kind == INSTANCE:
        flavor, boots = flavors.get(flavor_of(said)), boot_sizes(said)
        size = {"cores": flavor.cores, "ram": flavor.ram, "gpus": flavor.gpus} if flavor else {}
        return {"instances": 1, **size, "volumes": len(boots), "gigabytes": sum(boots)}
    if kind == VOLUME:
        return {"volumes": 1, "gigabytes": int(said.get("size") or 0)}
    if kind == SHARE:
        return {"shares": 1, "share_gigabytes": int(said.get("size") or 0)}
    if kind == GROUP:
        rules = 0 if said.get("delete_default_rules") else OWN_RULES
        return {"security_groups": 1, "security_group_rules": rules}
    return {SINGLE[kind]: 1} if kind in SINGLE else {}


def boot_sizes(said: Mapping[str, Any]) -> list[int]:
    """Return the GiB of each volume that a machine makes for itself."""
    blocks = said.get("block_device") or []
    return [int(one.get("volume_size") or 0) for one in blocks if one.get("destination_type") == "volume"]


def flavor_of(said: Mapping[str, Any]) -> str:
    """Return the name of a machine's flavor."""
    return str(said.get("flavor_name") or said.get("flavor_id") or "")


def cost(changes: Iterable[Change], prices: Prices) -> tuple[float, tuple[str, ...]]:
    """Return what the plan adds to the bill by the hour, and what has no price."""
    if not prices.flavors and not prices.volume and not prices.floating_ip:
        return 0.0, ()
    hourly, unpriced = 0.0, []
    for change in changes:
        if change.action in (Action.NOTHING, Action.READ, Action.FORGET):
            continue
        hourly += rate(change.type, change.after, prices) - rate(change.type, change.before, prices)
        if change.type == INSTANCE:
            other = {flavor_of(change.before)} ^ {flavor_of(change.after)}
            unpriced += sorted(other - {""} - set(prices.flavors))
        elif change.type == VOLUME and not prices.volume:
            unpriced.append("volumes")
        elif change.type == ADDRESS and not prices.floating_ip:
            unpriced.append("floating IPs")
    return round(hourly, 4), tuple(dict.fromkeys(unpriced))


def rate(kind: str, said: Mapping[str, Any], prices: Prices) -> float:
    """Return what one thing costs by the hour; nothing when there is none."""
    if kind == INSTANCE:
        boots = prices.volume * sum(boot_sizes(said)) / MONTH
        return prices.flavors.get(flavor_of(said), 0.0) + boots
    if kind == VOLUME:
        return prices.volume * int(said.get("size") or 0) / MONTH
    return prices.floating_ip if kind == ADDRESS and said else 0.0
