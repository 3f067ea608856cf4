"""The ledger of a site: what was done to which node, when, by whom. One JSON line each, only ever appended.

An operation writes a line before it acts and one after it, both on disk before it goes on; whoever is killed
between them is found by the line that has no end. Kept in ~/.local/state/nightfleet/<site>/ledger.jsonl.
"""

import fcntl
import getpass
import json
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from nightfleet.errors import NightfleetError
from nightfleet.home import state_dir


class Event(StrEnum):
    """What a line says about its step."""

    BEGUN = "begun"
    DONE = "done"
    FAILED = "failed"


class Entry(BaseModel):
    """One line. `run` groups the lines of one operation, such as `upgrade 1.36.3`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: datetime
    by: str
    run: str
    step: str
    node: str = ""
    event: Event
    note: str = ""
    data: dict[str, str] = Field(default_factory=dict)


class Ledger:
    """The lines of one file. Readers see whole lines only; a line that a crash cut off is passed over."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def of(cls, site: str) -> "Ledger":
        """Return the ledger of a site."""
        return cls(state_dir(site) / "ledger.jsonl")

    def append(self, run: str, step: str, event: Event, node: str = "", note: str = "", **data: str) -> Entry:
        """Write one line and wait until it is on disk."""
        entry = Entry(
            at=datetime.now(UTC), by=who(), run=run, step=step, node=node, event=event, note=note, data=data
        )
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self.path.open("ab+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if file.tell() and not self._ends_whole(file.fileno(), file.tell()):
                file.write(b"\n")  # a line that a crash cut off ends here
            file.write(entry.model_dump_json(exclude_defaults=True).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        return entry

    @staticmethod
    def _ends_whole(descriptor: int, size: int) -> bool:
        return os.pread(descriptor, 1, size - 1) == b"\n"

    def entries(self, run: str | None = None) -> tuple[Entry, ...]:
        """Return every whole line in its order, or those of one run."""
        return tuple(entry for entry in self._read() if run is None or entry.run == run)

    def _read(self) -> Iterator[Entry]:
        try:
            text = self.path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return
        except OSError as error:
            raise NightfleetError(error.strerror or str(error), str(self.path), "who owns it?") from error
        for line in text.splitlines():
            try:
                yield Entry.model_validate(json.loads(line))
            except (ValueError, ValidationError):
                continue


def unfinished(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """Return the lines that say begun and were followed by no end of the same step on the same node. Pure."""
    open_steps: dict[tuple[str, str, str], Entry] = {}
    for entry in entries:
        key = (entry.run, entry.step, entry.node)
        if entry.event is Event.BEGUN:
            open_steps[key] = entry
        else:
            open_steps.pop(key, None)
    return tuple(open_steps.values())


def finished(entries: Sequence[Entry]) -> frozenset[tuple[str, str]]:
    """Return (step, node) of everything whose last word is done. Pure."""
    last = {(entry.step, entry.node): entry.event for entry in entries}
    return frozenset(key for key, event in last.items() if event is Event.DONE)


def who() -> str:
    """Return who acts: behind sudo, who called it."""
    return os.environ.get("SUDO_USER") or getpass.getuser()
