"""`nightfleet verify`: is the outcome there, seen another way than the deploy's?"""

import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from nightfleet.converge.choose import choose
from nightfleet.home import DEFAULT_SITE, home, site_names, site_path, state_dir
from nightfleet.site import load_site
from nightfleet.verify.checks import Check, Outcome, VerifyReport, count
from nightfleet.verify.command import capabilities, check_capability, pytest_argv
from nightfleet.verify.run import LOG
from nightfleet.verify.run import verify as run_checks

app = typer.Typer()


@app.command(epilog="Example: nightfleet verify 'lab-w[1-2]' --only containerd")
def verify(
    nodes: Annotated[
        list[str] | None, typer.Argument(help="Nodes or ranges, such as lab-w[1-2]; all by default.")
    ] = None,
    site: Annotated[
        str,
        typer.Option(
            "--site", help="Name of a site or path of its file.", autocompletion=lambda: site_names()
        ),
    ] = DEFAULT_SITE,
    only: Annotated[
        str | None,
        typer.Option(
            "--only",
            metavar="CAPABILITY",
            help="Only the checks of one capability.",
            autocompletion=lambda: capabilities(home()),
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
) -> None:
    """Check the outcome over ssh, by another way than the deploy used; changes nothing. 0: all passed."""
    found = load_site(site_path(site))
    if only:
        check_capability(only, home())
    argv = pytest_argv(found, site, choose(found, nodes or None), home(), only)
    err = Console(stderr=True, highlight=False, soft_wrap=True)
    err.print(Text(f"$ {shlex.join(argv)}", style="dim"))
    with progress(err) as tell:
        report = run_checks(found, argv, home(), tell)
    if as_json:
        typer.echo(report.model_dump_json(indent=2))
    else:
        show(report, Console(highlight=False))
        if report.faults:
            err.print(Text(f"all that was said: {state_dir(found.site) / LOG}", style="dim"))
    raise typer.Exit(report.exit_code)


@contextmanager
def progress(console: Console) -> Iterator[Callable[[int, Check | None], None]]:
    """Draw how many checks are done, and which came last, while they run."""
    columns = (TextColumn("checks"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(
        *columns, TextColumn("[dim]{task.description}"), console=console, transient=True
    ) as drawing:
        task = drawing.add_task("connecting", total=None)

        def tell(total: int, check: Check | None) -> None:
            if check is None:
                drawing.update(task, total=total)
            else:
                drawing.update(task, advance=1, description=f"{check.node} {check.capability}: {check.claim}")

        yield tell


def show(report: VerifyReport, console: Console) -> None:
    """Print a table of nodes and capabilities, then one line for whatever did not pass."""
    table = Table("node", *report.capabilities, box=None, header_style="bold", pad_edge=False)
    for node in report.nodes:
        table.add_row(node, *(cell(report.of(node, name)) for name in report.capabilities))
    console.print(table)
    console.print()
    for (outcome, node, why), checks in report.same_faults.items():
        style = "red" if outcome is Outcome.FAILED else "yellow"
        line = f" {node}: {why} ({len(checks)} checks)"
        if len(checks) == 1:
            line = f" {node} {checks[0].capability}: {checks[0].claim}: {why}"
        console.print(Text.assemble((f"{outcome.value:7}", style), line), soft_wrap=True)
    passed, failed, unknown = (count(report.checks, outcome) for outcome in Outcome)
    summary = f"{passed} passed, {failed} failed, {unknown} unknown in {report.seconds:.0f} s"
    console.print(Text(summary, style="green" if not report.faults else "bold"))


def cell(checks: tuple[Check, ...]) -> Text:
    """Return how a capability stands on a node; a dash where it has nothing to do there."""
    if not checks:
        return Text("-", style="dim")
    failed, unknown = count(checks, Outcome.FAILED), count(checks, Outcome.UNKNOWN)
    if failed:
        return Text(f"{failed} of {len(checks)} failed", style="red")
    if unknown:
        return Text(f"{unknown} of {len(checks)} unknown", style="yellow")
    return Text(f"{len(checks)} passed", style="green")
