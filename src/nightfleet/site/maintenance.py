"""`maintenance`: when, and how many at once, nodes may be drained, upgraded and rebooted."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field

from nightfleet.site.section import Section, form

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DAY = "|".join(DAYS)
_CLOCK = "([01][0-9]|2[0-3]):[0-5][0-9]"
PATTERN = rf"(({_DAY})(-({_DAY}))?(,({_DAY})(-({_DAY}))?)* )?{_CLOCK}-{_CLOCK}"
Window = Annotated[str, form(PATTERN, "a window like '22:00-05:00' or 'Sat,Sun 02:00-06:00'")]


class Maintenance(Section):
    """Times are in base.timezone. Without any window it is always time."""

    windows: tuple[Window, ...] = Field(
        (),
        description="when nodes may be taken away; a window that ends before it begins ends next day",
        examples=[["Mon-Fri 22:00-05:00", "Sat,Sun 00:00-23:59"]],
    )
    at_once: int = Field(1, ge=1, description="most workers that are away at the same time")
    drain_timeout: int = Field(
        300, ge=1, description="seconds for the pods of a node to leave; then it is reported, not forced"
    )
    return_timeout: int = Field(
        900, ge=10, description="seconds for a machine to come back after a reboot; then it is reported"
    )

    def open_at(self, moment: datetime, timezone: str) -> bool:
        """Tell whether `moment` lies in a window."""
        local = moment.astimezone(ZoneInfo(timezone))
        return not self.windows or any(_covers(window, local) for window in self.windows)

    def next_opening(self, moment: datetime, timezone: str) -> datetime | None:
        """Return when the next window opens; None when it is always open."""
        local = moment.astimezone(ZoneInfo(timezone)).replace(second=0, microsecond=0)
        starts = [
            datetime.combine(local.date() + timedelta(days=ahead), _span(window)[0], local.tzinfo)
            for window in self.windows
            for ahead in range(8)
            if (local.weekday() + ahead) % 7 in _days(window)
        ]
        return min((start for start in starts if start > local), default=None)


def _covers(window: str, local: datetime) -> bool:
    start, end = _span(window)
    now, today, days = local.time(), local.weekday(), _days(window)
    if start < end:
        return today in days and start <= now < end
    return (today in days and now >= start) or ((today - 1) % 7 in days and now < end)


def _span(window: str) -> tuple[time, time]:
    start, _, end = window.rpartition(" ")[2].partition("-")
    return time.fromisoformat(start), time.fromisoformat(end)


def _days(window: str) -> Sequence[int]:
    named = window.rpartition(" ")[0]
    if not named:
        return range(7)
    days: list[int] = []
    for part in named.split(","):
        first, _, last = part.partition("-")
        begin, end = DAYS.index(first), DAYS.index(last or first)
        days += [day % 7 for day in range(begin, end + 1 if end >= begin else end + 8)]
    return days
