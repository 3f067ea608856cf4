"""What a host may be doing, read from what its keeper wrote."""

from enum import StrEnum
from pathlib import Path

from nightfleet.lab import process


class State(StrEnum):
    RUNNING = "running"
    STOPPED = "stopped"  # it shut itself down, or was never started
    DEAD = "dead"  # it ended in another way: killed, or refused to boot


def read_state(keeper: Path) -> State:
    if process.read(keeper / "pid") is not None:
        return State.RUNNING
    if not (keeper / "pid").exists():
        return State.STOPPED
    ended = keeper / "ended"
    return State.STOPPED if ended.exists() and ended.read_text().strip() == "0" else State.DEAD
