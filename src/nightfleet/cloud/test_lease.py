"""Claims about leases."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nightfleet.cloud.lease import (
    Lease,
    Status,
    check_enough,
    checked,
    chosen,
    due,
    moment,
    of_site,
    read_lease,
    request,
    tfvars,
)
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


def asked(name: str, hours: float, warn_before: int = 120) -> dict[str, Any]:
    """What Blazar would be asked for."""
    return request(name, checked(name, WANTED, hours, "site.yaml"), warn_before, NOW, hours)


def test_hosts_are_asked_for_with_a_word_before_the_end() -> None:
    said = asked("gpu", hours=48)
    assert said["end"] == "2026-11-30 20:00"
    assert said["before_end"] == "2026-11-30 18:00"
    (reservation,) = said["reservations"]
    assert (reservation["resource_type"], reservation["min"], reservation["max"]) == ("physical:host", 2, 2)


def test_a_lease_begins_when_blazar_reads_it_and_not_in_a_minute_that_is_over() -> None:
    assert asked("gpu", hours=48)["start"] == "now"


def test_a_word_at_the_very_end_would_be_refused_and_is_not_asked_for() -> None:
    assert "before_end" not in asked("gpu", hours=48, warn_before=0)


def test_instances_are_asked_for_by_their_size() -> None:
    (reservation,) = asked("cpu", hours=24)["reservations"]
    assert (reservation["resource_type"], reservation["amount"], reservation["vcpus"]) == (
        "virtual:instance",
        4,
        8,
    )


def test_a_lease_in_which_no_long_job_would_end_is_refused() -> None:
    with pytest.raises(NightfleetError, match="shorter than the longest job band, 24 h") as refused:
        checked("gpu", WANTED, 12, "site.yaml")
    assert refused.value.exit_code is Exit.REFUSED
    assert refused.value.where == "site.yaml: cloud.leases.longest_job"


def test_a_name_that_the_site_does_not_have_is_refused_with_those_it_has() -> None:
    with pytest.raises(NightfleetError, match="it reserves: gpu, cpu"):
        checked("tpu", WANTED, 48, "site.yaml")


def test_a_lease_that_holds_must_hold_as_long_and_as_much_as_is_asked_for() -> None:
    wanted = WANTED.reserve["gpu"]
    hosts: dict[str, Any] = {"kind": "physical:host", "amount": 2}
    check_enough(lease("gpu", 71.9, **hosts), wanted, NOW, 72)  # the same command, given again
    with pytest.raises(NightfleetError, match=r"ends in 0\.2 h; asked for are 72 h") as refused:
        check_enough(lease("gpu", 0.2, **hosts), wanted, NOW, 72)
    assert refused.value.exit_code is Exit.REFUSED
    assert "leases extend gpu --hours 72" in refused.value.hint
    with pytest.raises(NightfleetError, match="with 1 of physical:host; asked for are 2"):
        check_enough(lease("gpu", 72, kind="physical:host", amount=1), wanted, NOW, 72)
    with pytest.raises(NightfleetError, match="asked for are 2 of physical:host"):
        check_enough(lease("gpu", 72, kind="virtual:instance", amount=2), wanted, NOW, 72)


def test_what_ends_soon_is_due_and_what_is_over_is_not() -> None:
    leases = [lease("b", 1.5), lease("a", 0.5), lease("c", 30), lease("d", 0.1, Status.TERMINATED)]
    assert [one.name for one in due(leases, NOW, 120)] == ["a", "b"]


def test_the_lease_of_a_name_is_the_one_that_still_holds() -> None:
    leases = [lease("gpu", -1, Status.TERMINATED), lease("gpu", 5)]
    found = chosen(leases, "gpu")
    assert found
    assert found.status is Status.ACTIVE
    assert chosen(leases, "cpu") is None


def test_leases_of_others_in_the_same_project_are_not_ours() -> None:
    assert of_site([lease("gpu", 1), lease("theirs", 1)], WANTED.reserve) == (lease("gpu", 1),)


def test_machines_are_told_of_each_active_reservation_of_the_site_by_its_name() -> None:
    hosts = lease("gpu", 5, kind="physical:host", reservation="r1")
    room = lease("cpu", 5, kind="virtual:instance", reservation="r2", flavor="reservation:r2")
    others = lease("theirs", 9, kind="physical:host", reservation="r9")
    assert tfvars([others, hosts, room], WANTED.reserve) == {
        "leases": {
            "gpu": {"reservation": "r1", "flavor": None},
            "cpu": {"reservation": None, "flavor": "reservation:r2"},
        }
    }
    assert tfvars([replace(hosts, status=Status.PENDING)], WANTED.reserve) == {"leases": {}}


def test_a_lease_is_read_as_the_api_gives_it() -> None:
    said = {
        "id": "1",
        "name": "cpu",
        "status": "ACTIVE",
        "start_date": "2026-11-28T20:00:00.000000",
        "end_date": "2026-11-29T20:00:00.000000",
        "reservations": [{"id": "r2", "resource_type": "virtual:instance", "amount": 4}],
    }
    read = read_lease(said)
    assert (read.flavor, read.amount, read.left(NOW)) == ("reservation:r2", 4, timedelta(days=1))
    assert read_lease({**said, "status": "UPDATING"}).status is Status.UNKNOWN


def test_a_time_of_another_form_is_not_guessed() -> None:
    with pytest.raises(ValueError, match="is no time"):
        moment("tomorrow")
