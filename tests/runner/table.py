"""The summary for people: one row per tier, then what failed and why anything was skipped."""

from collections.abc import Iterable
from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from runner.outcome import Outcome


def print_table(outcomes: Iterable[Outcome], file: TextIO) -> None:
    """Print the summary of all tiers on `file`."""
    rows = list(outcomes)
    table = Table(title="tests", title_justify="left", title_style="bold", pad_edge=False)
    for heading in ("tier", "real"):
        table.add_column(heading, overflow="fold")
    for heading in ("passed", "failed", "skipped", "seconds"):
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(row.tier, row.real, *_counts(row), f"{row.seconds:.1f}")
    console = Console(file=file, highlight=False, soft_wrap=False)
    console.print()
    console.print(table)
    for row in rows:
        for reason, count in row.why_skipped.items():
            console.print(Text(f"{row.tier}: skipped {count}: {reason}", style="yellow"), soft_wrap=True)
        if row.slowest:
            files = ", ".join(f"{file} {seconds:.0f} s" for file, seconds in row.slowest.items())
            console.print(Text(f"{row.tier}: slowest: {files}", style="dim"), soft_wrap=True)
        for name in row.unsteady:
            told = f"{row.tier}: unsteady: {name} failed in one of two runs, and passed in the other"
            console.print(Text(told, style="yellow"), soft_wrap=True)
        for name in row.failures:
            console.print(Text(f"{row.tier}: failed: {name}", style="red"), soft_wrap=True)


def _counts(row: Outcome) -> tuple[Text, Text, Text]:
    return (
        Text(str(row.passed), style="green" if row.passed else "dim"),
        Text(str(row.failed), style="bold red" if row.failed else "dim"),
        Text(str(row.skipped), style="yellow" if row.skipped else "dim"),
    )
