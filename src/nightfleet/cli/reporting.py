"""A converge's report as tables on a terminal, and the command to try next."""

import shlex
from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from nightfleet.converge import ConvergeReport, NodeReport, NodeState, OperationReport, OperationState
from nightfleet.converge.choose import fold
from nightfleet.converge.report import FINE
from nightfleet.home import DEFAULT_SITE

STYLES = {
    NodeState.CHANGED: "blue",
    NodeState.UNCHANGED: "green",
    NodeState.FAILED: "bold red",
    NodeState.REFUSED: "bold yellow",
    NodeState.UNREACHABLE: "bold magenta",
    NodeState.NOT_REACHED: "dim",
}
ASKS = "Ask for a reboot"  # how capabilities call request_reboot (deploys/hostops/reboot.py)
MANY = 40  # nodes; above this, those that are fine are one row per state


def print_report(console: Console, report: ConvergeReport, site: str | None = None) -> None:
    """Print a row per node, what went wrong where, a sum, and what to do next with `--site SITE`."""
    console.print(_table(report))
    for node in report.nodes:
        _print_trouble(console, node)
    for wave in report.waves:
        if wave.error:
            console.print(Text(f"pyinfra gave up in wave {wave.number}:", style="bold red"))
            _print_lines(console, wave.error)
    console.print(Text(summary(report), style="bold"))
    console.print(
        Text.assemble("next: ", (next_command(report, site or report.site), "bold")), soft_wrap=True
    )


def print_plan(console: Console, report: ConvergeReport, site: str | None = None) -> None:
    """Print what a dry run found: a row per node and operation that would change something."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("node", "would change"):
        table.add_column(title)
    for node in report.nodes:
        if node.state not in FINE:
            table.add_row(node.name, Text(f"{_words(node.state)}: {node.reason}", style=STYLES[node.state]))
        planned = [
            op for op in node.operations if op.state in (OperationState.CHANGED, OperationState.PERHAPS)
        ]
        for first, op in enumerate(planned):
            sure = op.state is OperationState.CHANGED
            line = Text(op.name) if sure else Text(f"{op.name} (perhaps)", style="dim")
            table.add_row("" if first else node.name, line)
        if not planned and node.state in FINE:
            table.add_row(node.name, Text("nothing", style="green"))
    console.print(table)
    console.print(Text(summary(report), style="bold"))
    console.print(
        Text.assemble("next: ", (next_command(report, site or report.site), "bold")), soft_wrap=True
    )


def summary(report: ConvergeReport) -> str:
    """Return one sentence: how many nodes came out how."""
    words = {state: _words(state) for state in NodeState}
    if report.dry:
        words |= {NodeState.CHANGED: "would change", NodeState.UNCHANGED: "would stay"}
    counts = [f"{n} {words[state]}" for state in NodeState if (n := len(report.in_state(state)))] or [
        "no nodes"
    ]
    broken = "interrupted; " if report.interrupted else ""
    return f"{broken}{', '.join(counts)}; {report.changes} changes; {report.seconds:.1f} s"


def next_command(report: ConvergeReport, site: str) -> str:
    """Return the command that a person would most likely want now."""
    site = "" if site == DEFAULT_SITE else f" --site {shlex.quote(site)}"
    only = f" --only {report.only}" if report.only else ""
    if not report.unfinished:
        if report.dry:
            return f"nightfleet converge{site}{only}" if report.changes else "nothing would change"
        if any(op.name.endswith(ASKS) and op.state is OperationState.CHANGED for op in _all(report)):
            return f"nightfleet node reboot --needed{site}"
        return f"nightfleet verify{site}"
    if report.dry:
        return f"nightfleet plan {shlex.quote(fold(report.unfinished))}{site}{only}"
    return f"nightfleet converge --failed{site}"


def _all(report: ConvergeReport) -> Iterable[OperationReport]:
    return (op for node in report.nodes for op in node.operations)


def _table(report: ConvergeReport) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("node", "state", "changes", "time", "why"):
        table.add_column(title, justify="right" if title in ("changes", "time") else "left")
    for names, node in _rows(report):
        table.add_row(
            names,
            Text(_words(node.state), style=STYLES[node.state]),
            str(node.changes),
            f"{node.seconds:.1f} s",
            Text(node.reason),
        )
    return table


def _rows(report: ConvergeReport) -> Iterable[tuple[str, NodeReport]]:
    """Fold the nodes of a large fleet that are fine and alike into one row."""
    if len(report.nodes) <= MANY:
        yield from ((node.name, node) for node in report.nodes)
        return
    alike: dict[tuple[NodeState, int], list[NodeReport]] = {}
    for node in report.nodes:
        if node.state in FINE:
            alike.setdefault((node.state, node.changes), []).append(node)
    for nodes in alike.values():
        yield fold(node.name for node in nodes), max(nodes, key=lambda node: node.seconds)
    yield from ((node.name, node) for node in report.nodes if node.state not in FINE)


def _print_trouble(console: Console, node: NodeReport) -> None:
    if node.state in FINE or not (node.failures or node.hint or node.output):
        return
    console.print(Text(f"\n{node.name}: {node.reason}", style=STYLES[node.state]), soft_wrap=True)
    if node.hint:
        _print_lines(console, f"hint: {node.hint}".splitlines())
    if node.state is NodeState.REFUSED:
        return
    _print_lines(console, node.output)
    for op in node.failures:
        tries = f", {op.attempts} attempts" if op.attempts > 1 else ""
        console.print(Text(f"  {op.name} ({op.seconds:.1f} s{tries})", style="bold"))
        console.print(Text(f"  $ {op.command}", style="dim"), soft_wrap=True)
        _print_lines(console, op.output)


def _print_lines(console: Console, lines: Iterable[str]) -> None:
    for line in lines:
        console.print(Text(f"  {line}"), soft_wrap=True)


def _words(state: NodeState) -> str:
    return state.replace("_", " ")
