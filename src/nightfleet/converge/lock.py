"""One converge per site at a time: an advisory lock, which the kernel drops when its holder dies."""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from nightfleet.errors import Exit, NightfleetError
from nightfleet.home import state_dir


@contextlib.contextmanager
def only_one(path: Path, started: datetime, doing: str = "converged") -> Iterator[None]:
    """Hold the lock, or raise NightfleetError naming who holds it and since when: `is being ... by`."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise _taken(path, file.read(), doing) from None
        file.truncate(0)
        file.write(json.dumps({"pid": os.getpid(), "since": started.isoformat(timespec="seconds")}))
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


def one_operation(site: str) -> contextlib.AbstractContextManager[None]:
    """Hold what upgrade, restore, leave, reboot, replace, renew share: two could stop two control planes."""
    return only_one(state_dir(site) / "operation.lock", datetime.now(UTC), "worked on")


def _taken(path: Path, note: str, doing: str) -> NightfleetError:
    try:
        holder = json.loads(note)
        who = f"process {holder['pid']} since {holder['since']}"
    except (ValueError, KeyError, TypeError):
        who = "another process"
    return NightfleetError(
        f"this site is being {doing} by {who}",
        str(path),
        "wait for it, or look at it with `ps`; the lock goes when that process ends",
        Exit.REFUSED,
    )
