"""An upgrade, watched: a live table of nodes on a terminal, one line per phase elsewhere; on stderr."""

import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from nightfleet.converge import HostEvent, Kind, WaveStarted
from nightfleet.upgrade.events import Begun, Ended, OnEvent, Told
from nightfleet.upgrade.plan import Plan

ROWS = 20  # nodes in work at the same time that are shown


@dataclass(slots=True)
class Progress:
    """Where one node stands."""

    phase: str = ""
    detail: str = ""
    since: float = field(default_factory=time.monotonic)


@dataclass(slots=True)
class Watcher:
    """Hears events; keeps what a live table shows, or prints lines."""

    console: Console
    total: int
    live: bool
    done: int = 0
    failed: int = 0
    nodes: dict[str, Progress] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)

    def __call__(self, event: object) -> None:
        match event:
            case Begun(node, phase):
                self.nodes[node] = Progress(phase)
                if not self.live:
                    self.line(node, phase)
            case Told(node, text):
                self.nodes.setdefault(node, Progress()).detail = text
                if not self.live:
                    self.line(node, text)
            case Ended(node, failed):
                self.nodes.pop(node, None)
                self.done += not failed
                self.failed += bool(failed)
                self.line(node, f"failed: {failed}" if failed else "done", "bold red" if failed else "green")
            case WaveStarted(_, _, argv):
                self.console.print(Text(f"$ {shlex.join(argv)}", style="dim"), soft_wrap=True)
            case HostEvent(event=Kind.START, parent=None) if event.host in self.nodes:
                self.nodes[event.host].detail = event.name
            case HostEvent(event=Kind.DONE, state="changed", parent=None) if not self.live:
                self.line(event.host, f"{event.name} ({event.seconds:.1f} s)")

    def line(self, node: str, text: str, style: str = "") -> None:
        words = f"{time.monotonic() - self.began:6.1f} s  {node or 'cluster'}: {text}"
        self.console.print(Text(words, style=style), soft_wrap=True)

    def __rich__(self) -> Table:
        table = Table(box=None, pad_edge=False, header_style="dim")
        for title in (f"{self.done} of {self.total} done, {self.failed} failed", "phase", "now"):
            table.add_column(title)
        now = time.monotonic()
        for name, one in list(self.nodes.items())[:ROWS]:
            table.add_row(name or "cluster", f"{one.phase} {now - one.since:.0f} s", one.detail)
        return table


@contextmanager
def watching(console: Console, plan: Plan) -> Iterator[OnEvent]:
    """Show what happens until the block ends."""
    watcher = Watcher(console, len(plan.changes), console.is_terminal)
    if not console.is_terminal:
        yield watcher
        return
    with Live(watcher, console=console, refresh_per_second=4, transient=True):
        yield watcher
