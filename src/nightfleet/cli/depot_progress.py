"""How `nightfleet depot fetch` shows its work: bars on a terminal, one line per artifact elsewhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from nightfleet.depot.events import Event, OnEvent, Step

DONE = (Step.CACHED, Step.STORED, Step.NOTE, Step.BAD)


@contextmanager
def progress(console: Console | None = None) -> Iterator[OnEvent]:
    """Yield what a fetch tells its events to; everything goes to stderr."""
    console = console or Console(stderr=True, highlight=False)
    if console.is_terminal:
        with _Bars(console) as bars:
            yield bars.tell
    else:
        yield _Lines(console).tell


class _Lines:
    """One line when an item is there, one when a download or build starts."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._start = time.monotonic()
        self._begun: set[str] = set()

    def tell(self, event: Event) -> None:
        if event.step is Step.PACK or (event.step not in DONE and event.item in self._begun):
            return
        if event.step not in DONE:
            self._begun.add(event.item)
        detail = "go build" if event.step is Step.BUILD else event.detail
        words = f"{time.monotonic() - self._start:6.1f} s  {event.step:<8}  {event.item}  {detail}"
        self._console.print(words.rstrip(), markup=False, soft_wrap=True)


class _Bars(Progress):
    """A bar per download, a pulse per build; what is done turns into a line above them."""

    def __init__(self, console: Console) -> None:
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=24))
        detail = TextColumn("[dim]{task.fields[detail]}")
        super().__init__(*columns, TimeElapsedColumn(), detail, console=console)
        self._known: dict[str, TaskID] = {}

    def tell(self, event: Event) -> None:
        if event.step in DONE:
            task = self._known.pop(event.item, None)
            if task is not None:
                self.remove_task(task)
            words = f"{event.step:<8}  {event.item}  {event.detail}"
            self.console.print(words.rstrip(), markup=False, highlight=False)
            return
        title = f"{event.step} {event.item}"
        if event.item not in self._known:
            self._known[event.item] = self.add_task(title, total=None, detail="")
        total = event.total or None
        self.update(
            self._known[event.item],
            description=title,
            completed=event.done if total else 0,
            total=total,
            detail=_detail(event),
        )


def _detail(event: Event) -> str:
    if event.step is Step.DOWNLOAD:
        return f"{event.done / 2**20:.1f} of {event.total / 2**20:.1f} MiB"
    if event.step is Step.BUILD:
        return f"{event.done} packages, {event.detail[-50:]}"
    return ""
