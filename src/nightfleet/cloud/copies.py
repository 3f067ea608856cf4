"""Backups and snapshots of data volumes: which are due, which may go, which one to restore. Pure.

A copy carries its story in its name, `nightfleet.SITE.NODE.USE.20261128T200000Z`: both services keep names,
only one of them keeps metadata. The volume's id says whose copy it is: a volume that is made anew has the old
NODE/USE, and the copies of the old one may be all that is left of it. A copy that failed never counts as
good, and the newest good one of a volume never goes.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from nightfleet.errors import Exit, NightfleetError

STAMP = "%Y%m%dT%H%M%SZ"
NAME = re.compile(r"^nightfleet\.(?P<site>[^.]+)\.(?P<node>[^.]+)\.(?P<use>[^.]+)\.(?P<at>\d{8}T\d{6}Z)$")
GOOD, PENDING = "available", ("creating", "restoring", "backing-up")
# of the hours between two copies: a timer finds the last volume of a run to be younger than them
YOUNG = 7 / 8
PATIENCE = timedelta(hours=12)  # a copy that is still being made after this has died


@dataclass(frozen=True, slots=True)
class Volume:
    """A data volume of a node: `key` is NODE/USE."""

    key: str
    id: str
    size: int = 0  # GiB


@dataclass(frozen=True, slots=True)
class Copy:
    """One backup or snapshot of ours."""

    id: str
    key: str
    at: datetime
    status: str
    volume_id: str = ""
    size: int = 0  # GiB

    @property
    def good(self) -> bool:
        """Whether it can be restored."""
        return self.status == GOOD

    def pending(self, now: datetime) -> bool:
        """Whether it may still become good."""
        return self.status in PENDING and now - self.at < PATIENCE

    @property
    def name(self) -> str:
        """How people call it: NODE/USE@TIME."""
        return f"{self.key}@{self.at.strftime(STAMP)}"


@dataclass(frozen=True, slots=True)
class CopyPlan:
    """What to make now and what to delete."""

    make: tuple[Volume, ...]
    drop: tuple[Copy, ...]

    @property
    def nothing_to_do(self) -> bool:
        """Whether all is as it should be."""
        return not self.make and not self.drop


def name_of(site: str, key: str, at: datetime) -> str:
    """Return the name under which a copy of NODE/USE is kept."""
    node, _, use = key.partition("/")
    return f"nightfleet.{site}.{node}.{use}.{at.strftime(STAMP)}"


def read_copy(
    site: str, identity: str, name: str, status: str, volume_id: str = "", size: int = 0
) -> Copy | None:
    """Read a copy by its name; None when it is not one of this site's."""
    match = NAME.match(name or "")
    if match is None or match["site"] != site:
        return None
    at = datetime.strptime(match["at"], STAMP).replace(tzinfo=UTC)
    return Copy(identity, f"{match['node']}/{match['use']}", at, status.lower(), volume_id, size)


def plan_copies(
    volumes: Iterable[Volume],
    copies: Iterable[Copy],
    now: datetime,
    every: int,
    keep: int,
    force: bool = False,
) -> CopyPlan:
    """Decide for every volume. `every` are hours, `keep` good copies; `force` makes one whatever is there.

    Copies of volumes that are no more are not touched: they may be all that is left.
    """
    by_volume: dict[str, list[Copy]] = {}
    for copy in sorted(copies, key=lambda one: one.at, reverse=True):
        by_volume.setdefault(copy.volume_id, []).append(copy)
    make, drop = [], []
    for volume in volumes:
        mine = by_volume.get(volume.id, [])
        if force or not any(fresh(copy, now, every) for copy in mine):
            make.append(volume)
        drop += expired(mine, now, keep)
    return CopyPlan(tuple(make), tuple(drop))


def overdue(
    volumes: Iterable[Volume], copies: Iterable[Copy], now: datetime, every: int
) -> tuple[Volume, ...]:
    """Return the volumes without a good copy that is younger than twice `every` hours."""
    young = {one.volume_id for one in copies if one.good and now - one.at < timedelta(hours=2 * every)}
    return tuple(volume for volume in volumes if volume.id not in young)


def fresh(copy: Copy, now: datetime, every: int) -> bool:
    """Tell whether a copy is good, or being made, and young enough."""
    return (copy.good or copy.pending(now)) and now - copy.at < timedelta(hours=every) * YOUNG


def expired(mine: list[Copy], now: datetime, keep: int) -> list[Copy]:
    """Return the good copies beyond `keep`, and those that failed; newest come first in `mine`."""
    good = [copy for copy in mine if copy.good]
    failed = [copy for copy in mine if not copy.good and not copy.pending(now)]
    return [*good[max(keep, 1) :], *failed]


def choose(copies: Iterable[Copy], name: str) -> Copy:
    """Return the copy called NODE/USE@TIME, or the newest good one of NODE/USE."""
    listed = sorted(copies, key=lambda one: one.at, reverse=True)
    for copy in listed:
        if copy.good and name in (copy.key, copy.name, copy.id):
            return copy
    known = sorted({copy.key for copy in listed if copy.good})
    raise NightfleetError(
        f"there is no good copy {name!r}",
        "volume backups",
        f"good ones are of: {', '.join(known)}" if known else "nightfleet cloud backup now makes one",
        Exit.USAGE,
    )


def wanted_volumes(nodes: Mapping[str, Mapping[str, Volume]], uses: Iterable[str]) -> tuple[Volume, ...]:
    """Return the volumes of these uses, in the order of the nodes."""
    listed = tuple(uses)
    return tuple(volume for disks in nodes.values() for use, volume in disks.items() if use in listed)
