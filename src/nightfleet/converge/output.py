"""pyinfra's own JSON and its messages, as far as a report needs them.

`pyinfra --json` prints one document at the end of a run that was not aborted. Known faults of 3.10: it counts
each operation that a failed host never reached as an error of that operation, and `success` means changed.
"""

import re
from collections import defaultdict, deque
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, ValidationError

LAST_LINES = 20

_HOST_LINE = re.compile(r"^\s*\[(?P<host>[^\]\s]+)\]\s+(?P<text>.*)$")
_GAVE_UP = re.compile(r"^--> .*(error|exception)", re.IGNORECASE)
_HEADER = re.compile(r"^--> ")
_NOTHING_NEW = "No hosts remaining!"  # every host has said why by then
CONNECTED = re.compile(r"^Connected\b")


class _Json(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    @property
    def label(self) -> str:
        """Return the names of an operation as one."""
        return " / ".join(sorted(getattr(self, "names", ())))


class Planned(_Json):
    """An operation of a dry run, and the hosts where it would change something."""

    names: tuple[str, ...]
    hosts_with_change: tuple[str, ...] = ()
    hosts_with_conditional_change: tuple[str, ...] = ()


class Done(_Json):
    """An operation that ran: `success` names hosts where it changed something."""

    names: tuple[str, ...]
    success: tuple[str, ...] = ()
    error: tuple[str, ...] = ()
    no_change: tuple[str, ...] = ()


class Results(_Json):
    """What a run did."""

    operations: tuple[Done, ...] = ()
    failed_hosts: tuple[str, ...] = ()


class PyinfraOutput(_Json):
    """The document on stdout; `results` is missing in a dry run."""

    plan: tuple[Planned, ...] = ()
    results: Results | None = None


def read_output(stdout: str) -> PyinfraOutput | None:
    """Read what pyinfra printed; None when it was aborted and printed no document."""
    try:
        return PyinfraOutput.model_validate_json(stdout)
    except ValidationError:
        return None


class Listener:
    """Picks from pyinfra's messages what events cannot tell: failed connections, why a run was aborted."""

    def __init__(self) -> None:
        self._said: dict[str, deque[str]] = defaultdict(lambda: deque(maxlen=LAST_LINES))
        self._error: list[str] | None = None

    def hear(self, line: str) -> None:
        """Take the next line of stderr."""
        if match := _HOST_LINE.match(line):
            self._said[match["host"]].append(match["text"].strip())
        elif _GAVE_UP.match(line) and _NOTHING_NEW not in line:
            self._error = [line.removeprefix("--> ").strip()]
        elif self._error is not None and line.strip() and not _HEADER.match(line):
            self._error.append(line.rstrip())

    def said_about(self, host: str) -> Sequence[str]:
        """Return the last lines about one host."""
        return tuple(self._said.get(host, ()))

    @property
    def error(self) -> tuple[str, ...]:
        """Return why pyinfra gave up: its message, or the end of the trace."""
        return tuple((self._error or [])[-LAST_LINES:])
