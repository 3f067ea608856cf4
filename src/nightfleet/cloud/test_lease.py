"""Claims about leases."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nightfleet.cloud.lease import Lease, Status, chosen, due, moment, read_lease, request, tfvars
from nightfleet.errors import Exit, NightfleetError
from nightfleet.site.cloud import Leases, Reservation

NOW = datetime(2026, 11, 28, 20, 0, tzinfo=UTC)
WANTED = Leases(
    reserve={"gpu": Reservation(kind="host", amount=2), "cpu": Reservation(amount=4, vcpus=8)},
    longest_job=24,
    warn_before=120,
)


def lease(name: str, hours: float, status: Status = Status.ACTIVE, **more: Any) -> Lease:
    """A lease that ends in so many hours."""
    return Lease(name, name, status, NOW, NOW + timedelta(hours=hours), **more)


def test_hosts_are_asked_for_with_a_word_before_the_end() -> None:
    asked = request("gpu", WANTED, NOW, hours=48)
    assert (asked["start"], asked["end"]) == ("2026-11-28 20:00", "2026-11-30 20:00")
    assert asked["before_end"] == "2026-11-30 18:00"
    (reservation,) = asked["reservations"]
    assert (reservation["resource_type"], reservation["min"], reservation["max"]) == ("physical:host", 2, 2)


def test_instances_are_asked_for_by_their_size() -> None:
    (reservation,) = request("cpu", WANTED, NOW, hours=24)["reservations"]
    assert (reservation["resource_type"], reservation["amount"], reservation["vcpus"]) == (
        "virtual:instance",
        4,
        8,
    )


def test_a_lease_in_which_no_long_job_would_end_is_refused() -> None:
    with pytest.raises(NightfleetError, match="shorter than the longest job band, 24 h") as refused:
        request("gpu", WANTED, NOW, hours=12)
    assert refused.value.exit_code is Exit.REFUSED


def test_a_name_that_the_site_does_not_have_is_refused_with_those_it_has() -> None:
    with pytest.raises(NightfleetError, match="it reserves: gpu, cpu"):
        request("tpu", WANTED, NOW, hours=48)


def test_what_ends_soon_is_due_and_what_is_over_is_not() -> None:
    leases = [lease("b", 1.5), lease("a", 0.5), lease("c", 30), lease("d", 0.1, Status.TERMINATED)]
    assert [one.name for one in due(leases, NOW, 120)] == ["a", "b"]


def test_the_lease_of_a_name_is_the_one_that_still_holds() -> None:
    leases = [lease("gpu", -1, Status.TERMINATED), lease("gpu", 5)]
    found = chosen(leases, "gpu")
    assert found
    assert found.status is Status.ACTIVE
    assert chosen(leases, "cpu") is None


def test_machines_are_told_of_active_reservations_only() -> None:
    hosts = lease("gpu", 5, kind="physical:host", reservation="r1")
    pending = lease("cpu", 5, Status.PENDING, kind="virtual:instance", flavor="reservation:r2")
    assert tfvars([hosts, pending]) == {"reservation": "r1", "reservation_flavor": None}
    assert tfvars([]) == {"reservation": None, "reservation_flavor": None}


def test_a_lease_is_read_as_the_api_gives_it() -> None:
    said = {
        "id": "1",
        "name": "cpu",
        "status": "ACTIVE",
        "start_date": "2026-11-28T20:00:00.000000",
        "end_date": "2026-11-29T20:00:00.000000",
        "reservations": [{"id": "r2", "resource_type": "virtual:instance"}],
    }
    read = read_lease(said)
    assert (read.flavor, read.left(NOW)) == ("reservation:r2", timedelta(days=1))
    assert read_lease({**said, "status": "UPDATING"}).status is Status.UNKNOWN


def test_a_time_of_another_form_is_not_guessed() -> None:
    with pytest.raises(ValueError, match="is no time"):
        moment("tomorrow")
