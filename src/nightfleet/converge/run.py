"""Converge: bring nodes to what the site says, one pyinfra process per wave, and report on every node."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from nightfleet.converge.choose import choose
from nightfleet.converge.collect import node_reports
from nightfleet.converge.command import DEPLOY, check_capability, pyinfra_argv
from nightfleet.converge.events import Event
from nightfleet.converge.lock import only_one
from nightfleet.converge.process import Children, Outcome, run_wave
from nightfleet.converge.report import FINE, ConvergeReport, NodeReport, NodeState, WaveReport, merged
from nightfleet.converge.store import keep, new_run
from nightfleet.converge.waves import WAVE_SIZE, plan_waves, stops_the_rest
from nightfleet.home import home, state_dir
from nightfleet.site import Site

OnEvent = Callable[[Event], None]
WaveResult = tuple[WaveReport, tuple[NodeReport, ...]]


def converge(
    site: Site,
    nodes: Iterable[str] | None = None,
    only: str | None = None,
    dry: bool = False,
    on_event: OnEvent | None = None,
    *,
    deploy: str = DEPLOY,
    wave_size: int = WAVE_SIZE,
) -> ConvergeReport:
    """Converge the nodes (names or ranges; None: all) and return what came of each; the report is stored.

    `only` names one capability, `dry` changes nothing, `on_event` hears of everything as it happens (one call
    at a time). Raises NightfleetError when another converge of the site runs; a dry run does not wait for it.
    Ctrl-C and SIGTERM end the pyinfra processes and return a report that says so.
    """
    root = home()
    if only:
        check_capability(only, root)
    chosen = choose(site, nodes)
    started = datetime.now(UTC)
    lock = contextlib.nullcontext() if dry else only_one(state_dir(site.site) / "converge.lock", started)
    with lock:
        run = _Run(site, root, new_run(site.site, started), started, deploy, only, dry, on_event)
        with _signals_to(run.children):
            report = run.all_waves(chosen, wave_size)
        keep(report, run.folder)
        return report


@dataclass(slots=True)
class _Run:
    """What every wave of one converge needs."""

    site: Site
    root: Path
    folder: Path
    started: datetime
    deploy: str
    only: str | None
    dry: bool
    on_event: OnEvent | None
    children: Children = field(default_factory=Children)
    telling: threading.Lock = field(default_factory=threading.Lock)

    def all_waves(self, chosen: Collection[str], size: int) -> ConvergeReport:
        """Run the first wave, the later ones side by side, the last; or stop where it became pointless."""
        began = time.monotonic()
        waves = plan_waves(self.site, chosen, size)
        results = [self._wave(1, waves.first)] if waves.first else []
        later = list(enumerate(waves.later, start=2))
        last = [(2 + len(later), waves.last)] if waves.last else []
        if stops_the_rest(self.site, [node.name for node in _nodes(results) if node.state not in FINE]):
            why = f"{self.site.first_control_plane.name}, the first control plane, is not done"
            results += [self._not_started(*wave, why) for wave in (*later, *last)]
        elif later:
            with ThreadPoolExecutor(max_workers=os.cpu_count()) as side_by_side:
                results += side_by_side.map(lambda wave: self._wave(*wave), later)
            results += [self._wave(*wave) for wave in last]
        nodes: dict[str, NodeReport] = {}
        for node in _nodes(results):
            nodes[node.name] = merged(nodes[node.name], node) if node.name in nodes else node
        return ConvergeReport(
            site=self.site.site,
            only=self.only,
            dry=self.dry,
            started=self.started,
            seconds=round(time.monotonic() - began, 3),
            interrupted=self.children.stopped,
            waves=tuple(wave for wave, _ in results),
            nodes=tuple(nodes[node.name] for node in self.site.fleet if node.name in nodes),
        )

    def _wave(self, number: int, nodes: tuple[str, ...]) -> WaveResult:
        argv = pyinfra_argv(self.site, nodes, self.root, self.deploy, self.only, self.dry)
        outcome = run_wave(number, nodes, argv, self.root, self.folder, self.children, self._tell)
        if outcome.exit_code is None:
            return self._not_started(number, nodes, "interrupted")
        report = _wave_report(number, nodes, argv, outcome)
        return report, node_reports(outcome.heard, self.started.timestamp(), self.dry)

    def _not_started(self, number: int, nodes: tuple[str, ...], why: str) -> WaveResult:
        argv = pyinfra_argv(self.site, nodes, self.root, self.deploy, self.only, self.dry)
        wave = WaveReport(number=number, argv=argv, nodes=nodes)
        state = NodeState.NOT_REACHED
        return wave, tuple(
            NodeReport(name=name, wave=number, state=state, reason=f"not started: {why}") for name in nodes
        )

    def _tell(self, event: Event) -> None:
        if self.on_event:
            with self.telling:
                self.on_event(event)


def _nodes(results: Iterable[WaveResult]) -> list[NodeReport]:
    return [node for _, nodes in results for node in nodes]


def _wave_report(number: int, nodes: tuple[str, ...], argv: tuple[str, ...], outcome: Outcome) -> WaveReport:
    return WaveReport(
        number=number,
        argv=argv,
        nodes=nodes,
        exit_code=outcome.exit_code,
        seconds=outcome.seconds,
        error=outcome.heard.error if outcome.heard.output is None else (),
    )


@contextlib.contextmanager
def _signals_to(children: Children) -> Iterator[None]:
    """Pass SIGINT and SIGTERM on to the children; only a main thread can."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    both = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(signum, lambda *_: children.stop()) for signum in both]
    try:
        yield
    finally:
        for signum, handler in zip(both, before, strict=True):
            signal.signal(signum, handler)
