"""A converge, watched: a live table on a terminal, one line per change and failure elsewhere; on stderr."""

import shlex
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from nightfleet.converge import Event, HostEvent, Kind, WaveEnded, WaveStarted

ROWS = 20  # of the live table; a large fleet shows who failed and who takes longest
COLOURS = {"changed": "blue", "unchanged": "dim", "ignored": "yellow"}


@dataclass(slots=True)
class Progress:
    """Where one node stands."""

    name: str
    doing: str = ""
    since: float = 0.0
    done: int = 0
    changed: int = 0
    trouble: str = ""
    over: bool = False

    def hear(self, event: HostEvent) -> None:
        """Take in what happened on this node."""
        if event.parent is not None:
            return
        match event.event:
            case Kind.START:
                self.doing, self.since = event.name, event.at
            case Kind.RETRY:
                self.doing = f"{event.name} (attempt {event.attempt + 1})"
            case Kind.WAITS:
                self.doing = f"{event.name}: {event.output[-1]}"
            case Kind.DONE:
                self.doing = ""
                self.done += 1
                self.changed += event.state == "changed"
                if event.state == "failed":
                    self.trouble = event.name
            case Kind.LOST:
                self.trouble = "no connection" if not event.output else event.output[-1]
            case Kind.RAISED:
                self.trouble = event.error

    @property
    def order(self) -> tuple[bool, float]:
        """Trouble first, then who has been busy longest."""
        return not self.trouble, self.since if self.doing else float("inf")


@dataclass(slots=True)
class Fleet:
    """Where every node stands."""

    nodes: dict[str, Progress] = field(default_factory=dict)

    def hear(self, event: Event) -> None:
        """Take in what happened."""
        if isinstance(event, WaveStarted):
            self.nodes.update({name: Progress(name) for name in event.nodes})
        elif isinstance(event, HostEvent) and event.host in self.nodes:
            self.nodes[event.host].hear(event)

    def __rich__(self) -> Table:
        table = Table(box=None, pad_edge=False, header_style="dim")
        for title in ("node", "done", "changed", "now"):
            table.add_column(title, justify="right" if title in ("done", "changed") else "left")
        shown, now = list(self.nodes.values()), time.time()
        if len(shown) > ROWS:
            shown = sorted(shown, key=lambda node: node.order)[:ROWS]
        for node in shown:
            table.add_row(node.name, str(node.done), str(node.changed), _doing(node, now))
        if len(shown) < len(self.nodes):
            table.add_row(f"and {len(self.nodes) - len(shown)} more")
        return table


@contextmanager
def watching(console: Console) -> Iterator["Watcher"]:
    """Show what happens until the block ends."""
    if not console.is_terminal:
        yield Watcher(console)
        return
    fleet = Fleet()
    with Live(fleet, console=console, refresh_per_second=8, transient=True):
        yield Watcher(console, fleet)


class Watcher:
    """Hears events; prints commands always, and single operations where no live table shows them."""

    def __init__(self, console: Console, fleet: Fleet | None = None) -> None:
        self._console = console
        self._fleet = fleet

    def __call__(self, event: Event) -> None:
        if isinstance(event, WaveStarted):
            self._say(Text.assemble(("$ ", "dim"), (shlex.join(event.argv), "bold")))
        if self._fleet:
            self._fleet.hear(event)
        elif isinstance(event, HostEvent):
            for line in _lines(event):
                self._say(line)
        elif isinstance(event, WaveEnded):
            self._say(Text(f"wave {event.number} took {event.seconds:.1f} s", style="dim"))

    def _say(self, line: Text) -> None:
        self._console.print(line, soft_wrap=True, highlight=False)


def _lines(event: HostEvent) -> Iterable[Text]:
    match event.event:
        case Kind.DONE if event.state == "failed":
            yield Text(f"{event.host}: failed: {event.name}", style="bold red")
            yield from (Text(f"{event.host}:   {line}", style="red") for line in event.output)
        case Kind.DONE if event.state != "unchanged" and event.parent is None:
            colour = COLOURS.get(event.state or "", "")
            yield Text(f"{event.host}: {event.state}: {event.name} ({event.seconds:.1f} s)", style=colour)
        case Kind.WAITS:
            yield Text(f"{event.host}: {event.output[-1]}", style="yellow")
        case Kind.RETRY:
            yield Text(f"{event.host}: again: {event.name}", style="yellow")
        case Kind.LOST:
            yield Text(
                f"{event.host}: {event.output[-1] if event.output else 'no connection'}", style="bold red"
            )
        case Kind.RAISED:
            yield Text(f"{event.host}: the deploy raised {event.error}", style="bold red")


def _doing(node: Progress, now: float) -> Text:
    if node.trouble:
        return Text(node.trouble, style="bold red", no_wrap=True, overflow="ellipsis")
    if not node.doing:
        return Text("waits for the others" if node.done else "begins", style="dim")
    waited = f" {now - node.since:.0f} s" if now - node.since >= 2 else ""
    return Text(node.doing + waited, no_wrap=True, overflow="ellipsis")
