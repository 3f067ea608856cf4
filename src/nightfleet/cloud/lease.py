"""Leases of Blazar: what to ask for, what is refused, what ends soon, what machines are told. Pure.

A lease holds one reservation here. Times are UTC, as Blazar takes and gives them (`2026-11-28 20:00`).
https://docs.openstack.org/api-ref/reservation/v1/
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from nightfleet.errors import Exit, NightfleetError
from nightfleet.site.cloud import Leases, Reservation

ASKED = "%Y-%m-%d %H:%M"
SAID = ("%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M")
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
        flavor=f"reservation:{identity}" if kind == "virtual:instance" else "",
    )


def moment(text: str) -> datetime:
    """Read a time of Blazar's. ValueError when it has another form."""
    for form in SAID:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    raise ValueError(f"{text!r} is no time of Blazar's")


def request(name: str, wanted: Leases, start: datetime, hours: float, warn: bool = True) -> dict[str, Any]:
    """Return what to ask Blazar for. NightfleetError(REFUSED) when no job of the longest band would fit."""
    reservation = wanted.reserve.get(name)
    if reservation is None:
        raise NightfleetError(
            f"the site reserves nothing called {name!r}",
            "cloud.leases.reserve",
            f"it reserves: {', '.join(wanted.reserve) or 'nothing'}",
            Exit.USAGE,
        )
    if hours < wanted.longest_job:
        raise NightfleetError(
            f"a lease of {hours:g} h is shorter than the longest job band, {wanted.longest_job} h",
            "cloud.leases.longest_job",
            f"ask for {wanted.longest_job} h or more: a job of that band would never end in it",
            Exit.REFUSED,
        )
    end = start + timedelta(hours=hours)
    asked: dict[str, Any] = {
        "name": name,
        "start": start.strftime(ASKED),
        "end": end.strftime(ASKED),
        "reservations": [reservation_of(reservation)],
        "events": [],
    }
    before = end - timedelta(minutes=wanted.warn_before)
    return {**asked, "before_end": before.strftime(ASKED)} if warn and before > start else asked


def reservation_of(wanted: Reservation) -> dict[str, Any]:
    """Return one reservation in Blazar's words."""
    if wanted.kind == "host":
        return {
            "resource_type": "physical:host",
            "min": wanted.amount,
            "max": wanted.amount,
            "hypervisor_properties": "",
            "resource_properties": wanted.properties,
        }
    return {
        "resource_type": "virtual:instance",
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


def due(leases: Iterable[Lease], now: datetime, minutes: float) -> tuple[Lease, ...]:
    """Return the leases that end within so many minutes, the next first: for the wind-down."""
    soon = [one for one in leases if not one.over and one.left(now) <= timedelta(minutes=minutes)]
    return tuple(sorted(soon, key=_end))


def tfvars(leases: Iterable[Lease]) -> dict[str, str | None]:
    """Return what Terraform's machines are told: a hint for hosts, a flavor for instances; null without."""
    active = [lease for lease in leases if lease.status is Status.ACTIVE]
    hosts = [lease.reservation for lease in active if lease.kind == "physical:host"]
    flavors = [lease.flavor for lease in active if lease.flavor]
    return {
        "reservation": hosts[0] if hosts else None,
        "reservation_flavor": flavors[0] if flavors else None,
    }


def _end(lease: Lease) -> datetime:
    return lease.end
