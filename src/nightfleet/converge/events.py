"""What happens while a converge runs: pyinfra's events per host, and the beginning and end of each wave.

The lines come from deploys/hostops/progress.py, which explains each kind.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError


class Kind(StrEnum):
    """What an event tells about its host."""

    READY = "ready"
    START = "start"
    RETRY = "retry"
    WAITS = "waits"
    DONE = "done"
    LOST = "lost"
    REFUSES = "refuses"
    RAISED = "raised"


class HostEvent(BaseModel):
    """One event on one host. `at` is in seconds since the epoch."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    event: Kind
    host: str
    at: float
    op: str = ""
    name: str = ""
    parent: str | None = None
    attempt: int = 0
    state: Literal["changed", "unchanged", "failed", "ignored"] | None = None
    seconds: float = 0.0
    command: str = ""
    output: tuple[str, ...] = ()
    error: str = ""
    expected: bool = False
    connected: bool = True


@dataclass(frozen=True, slots=True)
class WaveStarted:
    """A pyinfra process begins; `argv` does the same by hand from the repository's root."""

    number: int
    nodes: tuple[str, ...]
    argv: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WaveEnded:
    """A pyinfra process is over."""

    number: int
    seconds: float


Event = HostEvent | WaveStarted | WaveEnded


def read_event(line: str) -> HostEvent | None:
    """Read one line; None for a line that is cut off or foreign, since a report must survive both."""
    try:
        return HostEvent.model_validate_json(line)
    except ValidationError:
        return None
