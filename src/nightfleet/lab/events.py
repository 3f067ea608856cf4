"""What a lab tells while it works."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Event:
    """A step begins, goes on (with a detail worth showing) or is done; `host` when it is about one."""

    step: str
    phase: Literal["begin", "progress", "done"]
    host: str = ""
    detail: str = ""


OnEvent = Callable[[Event], None]


def silent(_: Event) -> None:
    """For callers that do not watch."""
