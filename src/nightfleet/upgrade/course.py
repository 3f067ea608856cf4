"""The course of one run: what each node has gone through, told to watchers, the ledger and the report."""

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from nightfleet.errors import NightfleetError
from nightfleet.ledger import Event, Ledger
from nightfleet.upgrade.events import Begun, Ended, OnEvent, Phase, Told
from nightfleet.upgrade.plan import Plan
from nightfleet.upgrade.report import NodeReport, PhaseReport, State, UpgradeReport

CLUSTER = ""  # in place of a node: what belongs to none


@dataclass(slots=True)
class Course:
    """Written by the threads of a wave; one event at a time reaches the watcher."""

    plan: Plan
    ledger: Ledger
    on_event: OnEvent
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    backup: str = ""
    stopped: str = ""
    hint: str = ""
    done: set[str] = field(default_factory=set)
    failed: dict[str, NightfleetError] = field(default_factory=dict)
    _began: float = field(default_factory=time.monotonic)
    _phases: dict[str, list[PhaseReport]] = field(default_factory=lambda: defaultdict(list))
    _telling: threading.RLock = field(default_factory=threading.RLock)

    def tell(self, event: object) -> None:
        """Pass an event on."""
        with self._telling:
            self.on_event(event)  # type: ignore[arg-type]

    def say(self, node: str, text: str) -> None:
        """Tell a line about a node."""
        self.tell(Told(node, text))

    @contextmanager
    def phase(self, phase: Phase, *nodes: str) -> Iterator[None]:
        """Time what happens in the block, on one node or several together."""
        names = nodes or (CLUSTER,)
        began = time.monotonic()
        for name in names:
            self.tell(Begun(name, phase))
        failed = True
        try:
            yield
            failed = False
        finally:
            seconds = round(time.monotonic() - began, 2)
            told = PhaseReport(
                name=phase, began=round(began - self._began, 2), seconds=seconds, failed=failed
            )
            for name in names:
                self._phases[name].append(told)

    def write(self, step: str, event: Event, node: str = "", note: str = "", **data: str) -> None:
        """Write a line into the ledger."""
        self.ledger.append(self.plan.run, step, event, node, note, **data)

    def end(self, step: str, node: str, error: NightfleetError | None = None) -> None:
        """Note that a node is done, or why it is not."""
        if error is None:
            self.done.add(node)
            self.write(step, Event.DONE, node)
        else:
            self.failed[node] = error
            self.write(step, Event.FAILED, node, error.what)
        self.tell(Ended(node, error.what if error else ""))

    def stop(self, why: str, hint: str) -> None:
        """Note why no further step is begun; the first reason counts."""
        self.stopped, self.hint = self.stopped or why, self.hint or hint

    def report(self, site: str, nodes: tuple[str, ...]) -> UpgradeReport:
        """Return the report as it stands."""
        return UpgradeReport(
            site=site,
            target=self.plan.target,
            running=self.plan.running,
            started=self.started,
            seconds=round(time.monotonic() - self._began, 2),
            backup=self.backup,
            stopped=self.stopped,
            hint=self.hint,
            steps=tuple(self._phases[CLUSTER]),
            nodes=tuple(self._node(name) for name in nodes),
        )

    def _node(self, name: str) -> NodeReport:
        plan, error = self.plan, self.failed.get(name)
        if error:
            state, reason, hint = State.FAILED, error.what, error.hint
        elif name in plan.left_out:
            reason, hint = f"it {plan.left_out[name]}", "the same command, once it is well"
            state = State.LEFT_OUT
        elif name in self.done or name not in plan.changes:
            state, reason, hint = State.DONE if name in self.done else State.UNCHANGED, "", ""
        else:
            state, reason, hint = State.NOT_REACHED, "the upgrade stopped before it", ""
        changes = tuple(map(str, plan.changes.get(name, ())))
        return NodeReport(
            name=name,
            state=state,
            changes=changes,
            reason=reason,
            hint=hint,
            phases=tuple(self._phases.get(name, ())),
        )
