"""One restore in the ledger. Whoever was killed goes on with it; a new one begins after its end."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from nightfleet.ledger import Entry, Event, Ledger, finished

WHOLE = "restore"  # the step around all others


@dataclass(frozen=True, slots=True)
class Attempt:
    """`word` names it on hosts and to etcd; `done` are its steps with their nodes."""

    run: str
    word: str
    done: frozenset[tuple[str, str]]
    resumed: bool


def find(entries: Sequence[Entry], name: str, now: datetime) -> Attempt:
    """Return the attempt at this backup that has not ended, or a new one. Pure."""
    last = next((one.run for one in reversed(entries) if one.run.startswith("restore ")), "")
    mine = [one for one in entries if one.run == last]
    done = finished(mine)
    if last.startswith(f"restore {name} ") and (WHOLE, "") not in done:
        return Attempt(last, last.rpartition(" ")[2], done, True)
    word = f"{now:%Y%m%dT%H%M%SZ}"
    return Attempt(f"restore {name} {word}", word, frozenset(), False)


class Journal:
    """Writes the lines of an attempt."""

    def __init__(self, ledger: Ledger, attempt: Attempt) -> None:
        self.ledger, self.attempt = ledger, attempt

    def needs(self, step: str, node: str = "") -> bool:
        """Tell whether a step has not been done yet."""
        return (step, node) not in self.attempt.done

    def begin(self, step: str, node: str = "", note: str = "") -> None:
        """Before the act."""
        self.ledger.append(self.attempt.run, step, Event.BEGUN, node, note)

    def end(self, step: str, node: str = "", failed: str = "") -> None:
        """After it."""
        self.ledger.append(self.attempt.run, step, Event.FAILED if failed else Event.DONE, node, failed)
