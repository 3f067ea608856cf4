"""Leases on the cloud, by python-blazarclient: neither Terraform nor openstacksdk knows them."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from nightfleet.cloud.lease import ASKED, Lease, Status, check_enough, chosen, later, read_lease, request
from nightfleet.cloud.project import first_line
from nightfleet.errors import NightfleetError
from nightfleet.site.cloud import Reservation

LOOK = 2.0  # seconds between two looks at a lease that is not active yet


class Blazar:
    """The leases of a project."""

    def __init__(self, connection: Any) -> None:
        if not connection.has_service("reservation"):
            raise NightfleetError(
                "this cloud takes no reservations: its catalogue has no service 'reservation'",
                str(connection.auth.get("auth_url", "")),
                "take `cloud.leases` out of the site file",
            )
        from blazarclient.client import Client

        self._client: Any = Client(session=connection.session, region_name=connection.config.region_name)

    def all(self) -> tuple[Lease, ...]:
        """Return every lease of the project, the next to end first."""
        found = self._do("list", self._client.lease.list)
        return tuple(sorted(map(read_lease, found), key=lambda lease: lease.end))

    def make(self, name: str, wanted: Reservation, warn_before: int, hours: float) -> Lease:
        """Make a lease, unless one of this name holds already that is enough: then that one is it."""
        if there := chosen(self.all(), name):
            check_enough(there, wanted, now(), hours)
            return there
        asked = request(name, wanted, warn_before, now(), hours)
        return read_lease(self._do("create", lambda: self._client.lease.create(**asked)))

    def wait_active(
        self, lease: Lease, seconds: float, on_wait: Callable[[Lease], None] = lambda _lease: None
    ) -> Lease:
        """Wait until a lease that should have begun is ACTIVE; NightfleetError when it fails or is late."""
        end = time.monotonic() + seconds
        while lease.status is not Status.ACTIVE:
            if lease.over:
                raise NightfleetError(
                    f"the lease became {lease.status}", lease.name, "the cloud has no room for it then"
                )
            if time.monotonic() > end:
                raise NightfleetError(
                    f"not ACTIVE within {seconds:.0f} s: {lease.status}, it begins {lease.start:{ASKED}} UTC",
                    lease.name,
                    "the same command goes on waiting",
                )
            on_wait(lease)
            time.sleep(LOOK)
            lease = self.get(lease.id)
        return lease

    def get(self, identity: str) -> Lease:
        """Return one lease as it is now."""
        return read_lease(self._do("get", lambda: self._client.lease.get(identity)))

    def extend(self, lease: Lease, hours: float) -> Lease:
        """Let a lease end later."""
        end = later(lease, hours).end.strftime(ASKED)
        return read_lease(self._do("extend", lambda: self._client.lease.update(lease.id, end_date=end)))

    def end(self, lease: Lease) -> None:
        """End a lease now; what runs on it loses its reservation. One that is gone already is fine."""
        from blazarclient.exception import BlazarClientException

        try:
            self._client.lease.delete(lease.id)
        except BlazarClientException as error:
            if getattr(error, "code", None) != 404 and "not found" not in str(error).lower():
                raise self._error("end", error) from error

    def _do(self, what: str, call: Callable[[], Any]) -> Any:
        from blazarclient.exception import BlazarClientException
        from keystoneauth1.exceptions import ClientException

        try:
            return call()
        except (BlazarClientException, ClientException) as error:
            raise self._error(what, error) from error

    @staticmethod
    def _error(what: str, error: Exception) -> NightfleetError:
        return NightfleetError(f"Blazar: {what}: {first_line(error)}", "leases", "nightfleet cloud doctor")


def now() -> datetime:
    """Return the time, in UTC, as leases have it."""
    return datetime.now(UTC)
