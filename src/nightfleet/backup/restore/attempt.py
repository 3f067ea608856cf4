"""One restore in the ledger. Whoever was killed goes on with it; a new one begins after its end."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from nightfleet.backup.restore.plan import Look, Plan, Step
from nightfleet.ledger import Entry, Event, Ledger, finished

WHOLE = "restore"  # the step around all others


@dataclass(frozen=True, slots=True)
class Attempt:
    """`word` names it on hosts and to etcd; `done` are its steps with their nodes."""

    run: str
    word: str
    done: frozenset[tuple[str, str]]
    resumed: bool
    rebuild: bool  # as it was decided when it began; half way a new machine looks like a member


def find(entries: Sequence[Entry], plan: Plan, looks: Sequence[Look], now: datetime) -> Attempt:
    """Return the attempt at this backup that has not ended, or a new one. Pure.

    Its steps count only for the membership that it began with, and while no machine contradicts them.
    """
    name = plan.bag.name
    last = next((one.run for one in reversed(entries) if one.run.startswith("restore ")), "")
    mine = [one for one in entries if one.run == last]
    done, word = finished(mine), last.rpartition(" ")[2]
    began = next((one.data for one in mine if one.step == WHOLE), {})
    rebuild = "rebuild" in began
    open_still = last.startswith(f"restore {name} ") and (WHOLE, "") not in done
    same = plan.membership.items() <= began.items() and (rebuild or not plan.rebuild)
    if open_still and same and not contradicted(done, word, plan.nodes, looks):
        return Attempt(last, word, done, True, rebuild)
    word = f"{now:%Y%m%dT%H%M%SZ}"
    return Attempt(f"restore {name} {word}", word, frozenset(), False, plan.rebuild)


def contradicted(
    done: Collection[tuple[str, str]], word: str, nodes: Collection[str], looks: Sequence[Look]
) -> bool:
    """Tell whether a machine is no longer as the steps that are done left it. Pure."""
    for look in looks:
        if look.name not in nodes or look.lives_by(word):
            continue
        stopped, kept, filled = ((step, look.name) in done for step in (Step.STOP, Step.KEEP, Step.DATA))
        if (stopped and look.runs) or (kept and look.data) or filled:
            return True
    return False


class Journal:
    """Writes the lines of an attempt."""

    def __init__(self, ledger: Ledger, attempt: Attempt) -> None:
        self.ledger, self.attempt = ledger, attempt

    def needs(self, step: str, node: str = "") -> bool:
        """Tell whether a step has not been done yet."""
        return (step, node) not in self.attempt.done

    def begin(self, step: str, node: str = "", note: str = "", **data: str) -> None:
        """Before the act."""
        self.ledger.append(self.attempt.run, step, Event.BEGUN, node, note, **data)

    def begin_whole(self, plan: Plan, note: str = "") -> None:
        """Before all of them; whoever goes on reads here what it began as."""
        rebuild = {"rebuild": "yes"} if plan.rebuild else {}
        self.begin(WHOLE, note=note, **plan.membership, **rebuild)

    def end(self, step: str, node: str = "", failed: str = "") -> None:
        """After it."""
        self.ledger.append(self.attempt.run, step, Event.FAILED if failed else Event.DONE, node, failed)
