"""Leases of Blazar: what to ask for, what is refused, what ends soon, what machines are told. Pure.

A lease holds one reservation here. Times are UTC, as Blazar takes and gives them (`2026-11-28 20:00`).
https://docs.openstack.org/api-ref/reservation/v1/
"""

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from nightfleet.errors import Exit, NightfleetError
from nightfleet.site.cloud import Leases, Reservation

HOUR = timedelta(hours=1)
ASKED = "%Y-%m-%d %H:%M"
SAID = ("%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M")
HOSTS, INSTANCES = "physical:host", "virtual:instance"  # kinds of reservations, in Blazar's words
AGAIN = timedelta(minutes=15)  # within it the same `create` may be given again, and nobody asks for more
TFVARS = "lease.auto.tfvars.json"  # Terraform reads such files by itself


class Status(StrEnum):
    """What Blazar says of a lease; anything else is UNKNOWN here."""

    PENDING = "PENDING"
    ACTIVE = "ACTIVE"
    TERMINATED = "TERMINATED"
    ERROR = "ERROR"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Lease:
    """One lease as Blazar has it. `kind` and `reservation` are those of its reservation."""

    id: str
    name: str
    status: Status
    start: datetime
    end: datetime
    kind: str = ""
    reservation: str = ""
    flavor: str = ""  # by which instances use a reservation of instances
    amount: int = 0  # hosts or instances; 0: not said

    def left(self, now: datetime) -> timedelta:
        """Return how long it still lasts; negative when it is over."""
        return self.end - now

    @property
    def over(self) -> bool:
        """Whether it holds nothing any more."""
        return self.status in (Status.TERMINATED, Status.ERROR)


def read_lease(said: Mapping[str, Any]) -> Lease:
    """Read a lease as the API gives it."""
    reservation: Mapping[str, Any] = next(iter(said.get("reservations") or []), {})
    status = str(said.get("status", ""))
    kind = str(reservation.get("resource_type", ""))
    identity = str(reservation.get("id", ""))
    return Lease(
        id=str(said["id"]),
        name=str(said["name"]),
        status=Status(status) if status in Status.__members__ else Status.UNKNOWN,
        start=moment(str(said["start_date"])),
        end=moment(str(said["end_date"])),
        kind=kind,
        reservation=identity,
        flavor=f"reservation:{identity}" if kind == INSTANCES else "",
        amount=int(reservation.get("max") or reservation.get("amount") or 0),
    )


def moment(text: str) -> datetime:
    """Read a time of Blazar's. ValueError when it has another form."""
    for form in SAID:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    raise ValueError(f"{text!r} is no time of Blazar's")


def checked(name: str, wanted: Leases, hours: float, site: str) -> Reservation:
    """Return what the site reserves by this name. NightfleetError(REFUSED) when no longest job would fit."""
    reservation = wanted.reserve.get(name)
    if reservation is None:
        raise NightfleetError(
            f"the site reserves nothing called {name!r}",
            f"{site}: cloud.leases.reserve",
            f"write it there; it reserves: {', '.join(wanted.reserve) or 'nothing'}",
            Exit.USAGE,
        )
    if hours < wanted.longest_job:
        raise NightfleetError(
            f"a lease of {hours:g} h is shorter than the longest job band, {wanted.longest_job} h",
            f"{site}: cloud.leases.longest_job",
            f"ask for {wanted.longest_job} h or more: a job of that band would never end in it",
            Exit.REFUSED,
        )
    return reservation


def request(
    name: str, reservation: Reservation, warn_before: int, now: datetime, hours: float
) -> dict[str, Any]:
    """Return what to ask Blazar for: from its own `now` on, for it refuses a start that is a minute old."""
    end = now + timedelta(hours=hours)
    asked: dict[str, Any] = {
        "name": name,
        "start": "now",
        "end": end.strftime(ASKED),
        "reservations": [reservation_of(reservation)],
        "events": [],
    }
    before = end - timedelta(minutes=warn_before)
    return {**asked, "before_end": before.strftime(ASKED)} if now < before < end else asked


def check_enough(lease: Lease, wanted: Reservation, now: datetime, hours: float) -> None:
    """Refuse a lease of this name that holds already, and less than is asked for."""
    left = lease.left(now)
    missing = timedelta(hours=hours) - left
    if missing > AGAIN:
        raise NightfleetError(
            f"it holds already, and ends in {left / HOUR:.1f} h; asked for are {hours:g} h",
            lease.name,
            f"nightfleet cloud leases extend {lease.name} --hours {math.ceil((missing - AGAIN) / HOUR)}",
            Exit.REFUSED,
        )
    kind = HOSTS if wanted.kind == "host" else INSTANCES
    if lease.kind != kind or (lease.amount and lease.amount < wanted.amount):
        raise NightfleetError(
            f"it holds already, with {lease.amount} of {lease.kind}; asked for are {wanted.amount} of {kind}",
            lease.name,
            f"reserve the rest by another name, or first nightfleet cloud leases end {lease.name}",
            Exit.REFUSED,
        )


def reservation_of(wanted: Reservation) -> dict[str, Any]:
    """Return one reservation in Blazar's words."""
    if wanted.kind == "host":
        return {
            "resource_type": HOSTS,
            "min": wanted.amount,
            "max": wanted.amount,
            "hypervisor_properties": "",
            "resource_properties": wanted.properties,
        }
    return {
        "resource_type": INSTANCES,
        "amount": wanted.amount,
        "vcpus": wanted.vcpus,
        "memory_mb": wanted.memory,
        "disk_gb": wanted.disk,
        "affinity": None,
        "resource_properties": wanted.properties,
    }


def chosen(leases: Iterable[Lease], name: str) -> Lease | None:
    """Return the lease of this name that holds something, the one that ends last."""
    return max((lease for lease in leases if lease.name == name and not lease.over), key=_end, default=None)


def later(lease: Lease, hours: float) -> Lease:
    """Return the lease as it will be once it is extended."""
    return replace(lease, end=lease.end + timedelta(hours=hours))


def due(leases: Iterable[Lease], now: datetime, minutes: float) -> tuple[Lease, ...]:
    """Return the leases that end within so many minutes, the next first: for the wind-down."""
    soon = [one for one in leases if not one.over and one.left(now) <= timedelta(minutes=minutes)]
    return tuple(sorted(soon, key=_end))


def of_site(leases: Iterable[Lease], names: Collection[str]) -> tuple[Lease, ...]:
    """Return the leases whose names the site has: a project may have those of others as well."""
    return tuple(lease for lease in leases if lease.name in names)


def tfvars(leases: Iterable[Lease], names: Iterable[str]) -> dict[str, dict[str, dict[str, str | None]]]:
    """Return what Terraform's machines are told of each name: a hint for hosts, a flavor for instances."""
    active = [lease for lease in leases if lease.status is Status.ACTIVE]
    held = {name: lease for name in names if (lease := chosen(active, name))}
    return {
        "leases": {
            name: {
                "reservation": lease.reservation if lease.kind == HOSTS else None,
                "flavor": lease.flavor or None,
            }
            for name, lease in held.items()
        }
    }


def _end(lease: Lease) -> datetime:
    return lease.end
