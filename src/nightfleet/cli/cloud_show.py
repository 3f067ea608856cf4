"""A cloud plan, a verdict, machines and a check-up on a terminal."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table
from rich.text import Text

from nightfleet.cloud.budget import MONTH, UNCOUNTED, UNITS, Budget
from nightfleet.cloud.course import Judged
from nightfleet.cloud.guard import Refusal
from nightfleet.cloud.planfile import Action
from nightfleet.cloud.stream import Line, Said
from nightfleet.site.handover import Handover

SHOWN = 12  # resources of a kind of action; a new cluster has hundreds
SIGNS = {Action.CREATE: "+", Action.UPDATE: "~", Action.REPLACE: "±", Action.DELETE: "-"}


def print_judged(console: Console, judged: Judged) -> None:
    """Print what would happen, what speaks against it, what it needs."""
    if judged.verdict.empty:
        console.print("nothing to do: all is as Terraform's configuration says")
        return
    for action, sign in SIGNS.items():
        mine = [change for change in judged.changes if change.action is action]
        for change in mine[:SHOWN]:
            why = (
                f"  ({', '.join(change.forced_by or change.changed)})" if action is not Action.CREATE else ""
            )
            console.print(Text(f"  {sign} {change.address}{why}"), soft_wrap=True)
        if len(mine) > SHOWN:
            console.print(Text(f"  {sign} and {len(mine) - SHOWN} more", style="dim"))
    print_budget(console, judged.budget)
    for line in judged.verdict.warnings:
        console.print(Text.assemble(("warning: ", "bold yellow"), line), soft_wrap=True)
    for refusal in judged.verdict.refusals:
        print_refusal(console, refusal)
    for shortage in judged.budget.shortages:
        console.print(
            Text.assemble(("refused: ", "bold red"), f"it does not fit: {shortage}"), soft_wrap=True
        )
        console.print(
            Text("  hint: ask the cloud for more, or plan smaller; nightfleet cloud doctor", style="dim")
        )
    if judged.verdict.renames and judged.verdict.refusals:
        console.print("if these are the same things under new names, say so in the configuration:")
        for rename in judged.verdict.renames:
            console.print(
                Text(f"  moved {{\n    from = {rename.old}\n    to   = {rename.new}\n  }}"), soft_wrap=True
            )
    counts = ", ".join(f"{number} to {word}" for word, number in judged.verdict.counts.items() if number)
    console.print(Text(counts, style="bold"))


def print_refusal(console: Console, refusal: Refusal) -> None:
    """Print one reason: what, where, what forces it, and the safe way."""
    console.print(Text.assemble(("refused: ", "bold red"), refusal.what), soft_wrap=True)
    forced = f", forced by {refusal.because}" if refusal.because else ""
    console.print(Text(f"  {refusal.resource}{forced}"), soft_wrap=True)
    console.print(Text(f"  hint: {refusal.way}", style="dim"), soft_wrap=True)
    if refusal.opens:
        console.print(
            Text(f"  or, knowing what it does: --allow-replace {refusal.opens}", style="dim"), soft_wrap=True
        )


def print_budget(console: Console, budget: Budget) -> None:
    """Print what is needed and what it costs."""
    needs = [
        f"{n} {name}{f' ({UNITS[name]})' if name in UNITS else ''}" for name, n in budget.needs.items() if n
    ]
    if needs:
        console.print(Text(f"needs: {', '.join(needs)}"), soft_wrap=True)
    for unknown in budget.unknown:
        console.print(Text(f"not known: {unknown}", style="magenta"), soft_wrap=True)
    if budget.hourly or budget.unpriced:
        month = budget.hourly * MONTH
        text = f"cost: {budget.hourly:+.2f} {budget.currency} an hour, {month:+.0f} a month"
        without = f"; no price for {', '.join(budget.unpriced)}" if budget.unpriced else ""
        console.print(Text(text + without), soft_wrap=True)
        console.print(Text(f"not in it: {', '.join(UNCOUNTED)}", style="dim"), soft_wrap=True)


def print_handover(console: Console, handover: Handover) -> None:
    """Print the machines that Terraform made."""
    table = Table("node", "role", "class", "address", "volumes", box=None, pad_edge=False, header_style="dim")
    for name, node in handover.nodes.items():
        volumes = ", ".join(f"{use} {volume.size} GiB" for use, volume in node.volumes.items())
        table.add_row(name, node.role, node.class_, str(node.address), volumes)
    console.print(table)
    for name, share in handover.shares.items():
        console.print(Text(f"share {name}: {share.protocol}, {share.size} GiB, {', '.join(share.paths)}"))


@contextmanager
def watching(
    console: Console, doing: str, counts: Mapping[str, int] | None = None
) -> Iterator[Callable[[Line], None]]:
    """Show Terraform's lines as they come: a bar on a terminal, one line per resource elsewhere."""
    total = sum((counts or {}).values()) or None
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(doing, total=total)
        began = time.monotonic()

        def hear(line: Line) -> None:
            if line.said is Said.STARTED:
                progress.update(task, description=f"{line.action} {line.address}")
            elif line.said in (Said.DONE, Said.FAILED):
                progress.advance(task)
                word = "failed" if line.said is Said.FAILED else "done"
                if not console.is_terminal or line.said is Said.FAILED:
                    seconds = f"{line.seconds:.0f} s"
                    console.print(Text(f"{word}: {line.action} {line.address} ({seconds})"), soft_wrap=True)

        yield hear
        if total:
            console.print(Text(f"{doing}: {time.monotonic() - began:.1f} s", style="dim"))
