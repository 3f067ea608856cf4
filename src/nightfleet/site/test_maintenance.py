"""Claims about maintenance windows: days, midnight, time zones."""

from datetime import UTC, datetime

import pytest

from nightfleet.site.maintenance import Maintenance

FRIDAY = datetime(2026, 11, 27, tzinfo=UTC)


def at(hour: int, minute: int = 0, day: int = 27) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def maintenance(*windows: str) -> Maintenance:
    return Maintenance(windows=windows)


def test_without_a_window_it_is_always_time() -> None:
    assert maintenance().open_at(at(12), "Etc/UTC")
    assert maintenance().next_opening(at(12), "Etc/UTC") is None


@pytest.mark.parametrize(
    ("window", "moment", "is_open"),
    [
        ("02:00-06:00", at(2), True),
        ("02:00-06:00", at(6), False),
        ("22:00-05:00", at(23), True),
        ("22:00-05:00", at(4, 59), True),
        ("22:00-05:00", at(12), False),
        ("Sat,Sun 02:00-06:00", at(3, day=28), True),
        ("Sat,Sun 02:00-06:00", at(3), False),
        ("Fri 22:00-05:00", at(3, day=28), True),  # Saturday morning still belongs to Friday's night
        ("Fri 22:00-05:00", at(3), False),
        ("Sat-Mon 02:00-06:00", at(3, day=30), True),
        ("Sat-Mon 02:00-06:00", at(3), False),
    ],
)
def test_a_moment_lies_in_a_window_or_not(window: str, moment: datetime, is_open: bool) -> None:
    assert maintenance(window).open_at(moment, "Etc/UTC") is is_open


def test_windows_are_in_the_sites_time_zone() -> None:
    assert maintenance("02:00-06:00").open_at(at(1), "Europe/Berlin")
    assert not maintenance("02:00-06:00").open_at(at(5), "Europe/Berlin")


def test_the_next_opening_is_the_nearest() -> None:
    opens = maintenance("Mon 02:00-03:00", "Sat 04:00-05:00").next_opening(at(12), "Etc/UTC")
    assert opens == at(4, day=28)


def test_an_opening_later_today_comes_before_one_tomorrow() -> None:
    assert maintenance("22:00-05:00").next_opening(at(12), "Etc/UTC") == at(22)
