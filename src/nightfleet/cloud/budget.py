"""What a plan needs against what the project may still use, and what it would cost. Pure.

Counted before the apply, because Terraform does not: it stops in the middle, at the first thing that the
cloud refuses, and what was made until then is there and paid for.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from nightfleet.cloud.harm import INSTANCE, PORT, SHARE, VOLUME
from nightfleet.cloud.planfile import Action, Change
from nightfleet.site.cloud import Prices

FLOATING_IP = "openstack_networking_floatingip_v2"
LOAD_BALANCER = "openstack_lb_loadbalancer_v2"
UNITS = {"ram": "MiB", "gigabytes": "GiB", "share_gigabytes": "GiB"}
SINGLE = {PORT: "ports", FLOATING_IP: "floating_ips", LOAD_BALANCER: "load_balancers"}
MONTH = 730  # hours


@dataclass(frozen=True, slots=True)
class Flavor:
    """What a machine of this flavor takes; `ram` in MiB."""

    name: str
    cores: int
    ram: int
    gpus: int = 0


@dataclass(frozen=True, slots=True)
class Room:
    """What the project has in use and may have, by resource; what is not here is not known or not limited."""

    used: Mapping[str, int] = field(default_factory=dict)
    limit: Mapping[str, int] = field(default_factory=dict)
    flavors: Mapping[str, Flavor] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()  # services that did not say

    def free(self, resource: str) -> int | None:
        """Return what is left; None without a limit."""
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
    unpriced: tuple[str, ...] = ()  # flavors without a price

    @property
    def fits(self) -> bool:
        """Whether the cloud would let it all be made, as far as it says."""
        return not self.shortages


def budget(changes: Iterable[Change], room: Room, prices: Prices) -> Budget:
    """Count a plan. What a replacement frees is not counted: the old may go after the new has come."""
    listed = tuple(changes)
    needs, unknown = needed(listed, room.flavors)
    shortages = [
        f"{resource}: {amount} more are needed, {max(free, 0)} of {room.limit[resource]} are left"
        + (f" ({UNITS[resource]})" if resource in UNITS else "")
        for resource, amount in needs.items()
        if amount > 0 and (free := room.free(resource)) is not None and amount > free
    ]
    hourly, unpriced = cost(listed, prices)
    return Budget(needs, tuple(shortages), (*room.unknown, *unknown), hourly, prices.currency, unpriced)


def needed(
    changes: Iterable[Change], flavors: Mapping[str, Flavor]
) -> tuple[dict[str, int], tuple[str, ...]]:
    """Return what the plan adds of each resource, and flavors that the cloud does not list."""
    needs: Counter[str] = Counter()
    unknown = []
    for change in changes:
        if change.action is Action.CREATE:
            if change.type == INSTANCE and flavor_of(change) not in flavors:
                unknown.append(f"flavor {flavor_of(change)!r}")
            needs.update(_of_new(change, flavors))
        elif change.action is Action.UPDATE:
            needs.update(_of_change(change, flavors))
    return {name: needs[name] for name in sorted(needs)}, tuple(dict.fromkeys(unknown))


def _of_new(change: Change, flavors: Mapping[str, Flavor]) -> dict[str, int]:
    after = change.after
    if change.type == INSTANCE:
        boots = [
            block for block in after.get("block_device") or [] if block.get("destination_type") == "volume"
        ]
        disks = {
            "volumes": len(boots),
            "gigabytes": sum(int(block.get("volume_size") or 0) for block in boots),
        }
        flavor = flavors.get(flavor_of(change))
        size = {"cores": flavor.cores, "ram": flavor.ram, "gpus": flavor.gpus} if flavor else {}
        return {"instances": 1, **size, **disks}
    if change.type == VOLUME:
        return {"volumes": 1, "gigabytes": int(after.get("size") or 0)}
    if change.type == SHARE:
        return {"shares": 1, "share_gigabytes": int(after.get("size") or 0)}
    return {SINGLE[change.type]: 1} if change.type in SINGLE else {}


def _of_change(change: Change, flavors: Mapping[str, Flavor]) -> dict[str, int]:
    """A resize needs what the new size has more."""
    if change.type in (VOLUME, SHARE) and "size" in change.changed:
        more = int(change.after.get("size") or 0) - int(change.before.get("size") or 0)
        return {"gigabytes" if change.type == VOLUME else "share_gigabytes": more}
    old, new = flavors.get(str(change.before.get("flavor_name"))), flavors.get(flavor_of(change))
    if change.type == INSTANCE and old and new:
        return {"cores": new.cores - old.cores, "ram": new.ram - old.ram, "gpus": new.gpus - old.gpus}
    return {}


def flavor_of(change: Change) -> str:
    """Return the name of the flavor that a machine is to have."""
    return str(change.after.get("flavor_name") or change.after.get("flavor_id") or "")


def cost(changes: Iterable[Change], prices: Prices) -> tuple[float, tuple[str, ...]]:
    """Return what the plan adds to the bill by the hour, and flavors that have no price."""
    if not prices.flavors and not prices.volume and not prices.floating_ip:
        return 0.0, ()
    hourly, unpriced = 0.0, []
    for change in changes:
        sign = {Action.CREATE: 1, Action.DELETE: -1}.get(change.action, 0)
        said = change.after if sign > 0 else change.before
        if not sign:
            continue
        if change.type == INSTANCE:
            flavor = str(said.get("flavor_name", ""))
            hourly += sign * prices.flavors.get(flavor, 0.0)
            unpriced += [] if flavor in prices.flavors else [flavor]
        elif change.type == VOLUME:
            hourly += sign * prices.volume * int(said.get("size") or 0) / MONTH
        elif change.type == FLOATING_IP:
            hourly += sign * prices.floating_ip
    return round(hourly, 4), tuple(dict.fromkeys(unpriced))
