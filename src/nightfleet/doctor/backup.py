"""Backups: is there a recent one, and would anybody be able to open it? Judging is pure."""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from nightfleet.finding import Finding, Status
from nightfleet.site import Site

NAME = re.compile(r"(\d{8}T\d{6}Z)-[a-z0-9.-]+")
CHECK = "backup"
FAILED = "failed"  # a line of the answer: the last run on schedule failed
OLD = timedelta(days=2)  # of a daily schedule one may be missed
VERY_OLD = timedelta(days=8)


def question(site: Site) -> str:
    """Return what a control plane is asked: names of backups, and whether the last scheduled run failed."""
    folder = shlex.quote(site.backup.directory)
    return f"ls -1 {folder} 2>/dev/null; systemctl is-failed nightfleet-backup.service 2>/dev/null; true"


def judge(site: Site, answers: Mapping[str, Sequence[str] | None], now: datetime) -> Iterator[Finding]:
    """Judge the control planes' answers (lines; None: not asked) together: one good backup is enough."""
    if not site.backup.recipients:
        hint = "`nightfleet backup key` makes a key pair; its public half belongs into backup.recipients"
        yield Finding(CHECK, Status.WARN, "off: backup.recipients is empty", hint)
        return
    for node, lines in answers.items():
        if lines is not None and FAILED in lines:
            yield Finding(
                CHECK, Status.FAIL, f"{node}: the last one failed", "journalctl -u nightfleet-backup"
            )
    made = [moment for lines in answers.values() for line in lines or () if (moment := made_at(line))]
    silent = [node for node, lines in answers.items() if lines is None]
    if made:
        yield _by_age(now - max(made))
    elif silent:
        yield Finding(CHECK, Status.UNKNOWN, f"{', '.join(silent)} cannot be asked", "see the lines above")
    else:
        yield Finding(CHECK, Status.WARN, "there is none yet", "`nightfleet backup now` makes one")


def made_at(name: str) -> datetime | None:
    """Return when the backup of this name was made; None when it is no such name."""
    found = NAME.fullmatch(name)
    return datetime.strptime(found[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) if found else None


def _by_age(age: timedelta) -> Finding:
    hours = age.total_seconds() / 3600
    what = f"the newest is {hours:.0f} h old" if hours < 48 else f"the newest is {age.days} days old"
    status = Status.OK if age < OLD else Status.WARN if age < VERY_OLD else Status.FAIL
    return Finding(
        CHECK, status, what, "`nightfleet backup now`, and on a control plane: systemctl list-timers"
    )
