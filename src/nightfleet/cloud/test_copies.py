"""Claims about backups of volumes: what is due, what may go."""

from datetime import UTC, datetime, timedelta

import pytest

from nightfleet.cloud.copies import (
    Copy,
    Volume,
    choose,
    name_of,
    overdue,
    plan_copies,
    read_copy,
    wanted_volumes,
)
from nightfleet.errors import NightfleetError

NOW = datetime(2026, 11, 28, 20, 0, tzinfo=UTC)
DISK = Volume("os-s1/storage", "v1", 100)


def copy(hours: float, status: str = "available", key: str = DISK.key, volume: str = DISK.id) -> Copy:
    """A copy that is so many hours old."""
    return Copy(f"{hours}", key, NOW - timedelta(hours=hours), status, volume)


def ids(copies: tuple[Copy, ...]) -> list[str]:
    return [one.id for one in copies]


def test_a_volume_without_a_copy_is_due() -> None:
    assert plan_copies([DISK], [], NOW, every=24, keep=7).make == (DISK,)


def test_a_young_copy_is_enough_and_an_old_one_is_not() -> None:
    assert plan_copies([DISK], [copy(20)], NOW, every=24, keep=7).nothing_to_do
    assert plan_copies([DISK], [copy(25)], NOW, every=24, keep=7).make == (DISK,)


def test_a_daily_timer_finds_what_was_copied_late_in_the_last_run_due_again() -> None:
    assert plan_copies([DISK], [copy(22)], NOW, every=24, keep=7).make == (DISK,)


def test_a_copy_that_is_being_made_counts_until_it_must_have_died() -> None:
    assert plan_copies([DISK], [copy(1, "creating")], NOW, every=24, keep=7).nothing_to_do
    assert plan_copies([DISK], [copy(13, "creating")], NOW, every=24, keep=7).make == (DISK,)


def test_a_copy_that_failed_is_no_copy_and_goes() -> None:
    made = plan_copies([DISK], [copy(1, "error")], NOW, every=24, keep=7)
    assert made.make == (DISK,)
    assert ids(made.drop) == ["1"]


def test_the_oldest_go_beyond_those_that_are_kept() -> None:
    made = plan_copies([DISK], [copy(1), copy(25), copy(49), copy(73)], NOW, every=24, keep=2)
    assert ids(made.drop) == ["49", "73"]


def test_failed_copies_do_not_push_good_ones_out() -> None:
    made = plan_copies([DISK], [copy(1, "error"), copy(2, "error"), copy(30)], NOW, every=24, keep=1)
    assert ids(made.drop) == ["1", "2"]


def test_the_last_good_copy_never_goes() -> None:
    assert ids(plan_copies([DISK], [copy(999)], NOW, every=24, keep=1).drop) == []


def test_copies_of_a_volume_that_is_no_more_are_not_touched() -> None:
    gone = [copy(hours, key="os-s9/storage", volume="v9") for hours in (1, 30, 60)]
    assert plan_copies([DISK], [copy(1), *gone], NOW, every=24, keep=1).nothing_to_do


def test_copies_of_a_lost_volume_outlive_the_new_one_of_the_same_node_and_use() -> None:
    lost = [copy(hours, volume="v0") for hours in (30, 60, 90)]
    mine = [copy(1), copy(25), copy(49)]
    made = plan_copies([DISK], [*lost, *mine], NOW, every=24, keep=1)
    assert ids(made.drop) == ["25", "49"]


def test_a_new_volume_is_due_although_the_lost_one_of_its_name_has_a_young_copy() -> None:
    assert plan_copies([DISK], [copy(1, volume="v0")], NOW, every=24, keep=7).make == (DISK,)


def test_a_volume_is_overdue_without_a_good_copy_younger_than_twice_the_time_between_two() -> None:
    assert overdue([DISK], [copy(47)], NOW, every=24) == ()
    assert overdue([DISK], [copy(49)], NOW, every=24) == (DISK,)
    assert overdue([DISK], [copy(1, "error"), copy(1, volume="v0")], NOW, every=24) == (DISK,)


def test_by_hand_a_copy_is_made_although_none_is_due() -> None:
    assert plan_copies([DISK], [copy(1)], NOW, every=24, keep=7, force=True).make == (DISK,)


def test_a_name_tells_its_site_node_use_and_time() -> None:
    name = name_of("gpu", DISK.key, NOW)
    assert name == "nightfleet.gpu.os-s1.storage.20261128T200000Z"
    read = read_copy("gpu", "1", name, "available")
    assert read == Copy("1", DISK.key, NOW, "available")
    assert read_copy("other", "1", name, "available") is None
    assert read_copy("gpu", "1", "somebody's own", "available") is None


def test_the_newest_good_copy_of_a_disk_is_restored_or_the_one_that_is_named() -> None:
    there = [copy(1, "error"), copy(25), copy(49)]
    assert choose(there, DISK.key).id == "25"
    assert choose(there, copy(49).name).id == "49"
    with pytest.raises(NightfleetError, match="good ones are of: os-s1/storage"):
        choose(there, "os-s2/storage")


def test_only_the_uses_of_the_site_are_copied() -> None:
    nodes = {"os-s1": {"storage": DISK, "scratch": Volume("os-s1/scratch", "v2")}}
    assert wanted_volumes(nodes, ["storage"]) == (DISK,)
