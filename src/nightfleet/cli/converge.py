"""`nightfleet plan` and `nightfleet converge`."""

from typing import Annotated

import typer
from rich.console import Console

from nightfleet.cli.options import Json, SiteName
from nightfleet.cli.reporting import print_plan, print_report
from nightfleet.cli.watch import watching
from nightfleet.converge import ConvergeReport, choose, exit_code, last_report
from nightfleet.converge import converge as run_converge
from nightfleet.converge.command import capabilities
from nightfleet.errors import Exit, NightfleetError
from nightfleet.home import DEFAULT_SITE, home, site_path
from nightfleet.site import Site, load_site

app = typer.Typer(no_args_is_help=True)

Nodes = Annotated[
    list[str] | None,
    typer.Argument(help="Names or ranges, like lab-w[1-2]. Default: every node of the site."),
]
Only = Annotated[
    str | None,
    typer.Option(
        "--only",
        metavar="CAPABILITY",
        help="Run one capability instead of all.",
        autocompletion=lambda: capabilities(home()),
    ),
]


@app.command(epilog="Example: nightfleet plan 'lab-w[1-2]' --only containerd")
def plan(nodes: Nodes = None, site: SiteName = DEFAULT_SITE, only: Only = None, json: Json = False) -> None:
    """What converge would change, host by host. Changes nothing."""
    show(run(load_site(site_path(site)), nodes, only, dry=True), site, json)


@app.command(epilog="Example: nightfleet converge 'lab-w[1-2]'; nightfleet converge --failed")
def converge(
    nodes: Nodes = None,
    site: SiteName = DEFAULT_SITE,
    only: Only = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="The same as `nightfleet plan`.")] = False,
    failed: Annotated[
        bool, typer.Option("--failed", help="Only the nodes that the last run did not finish.")
    ] = False,
    json: Json = False,
) -> None:
    """Bring hosts to what the site says, one pyinfra run per wave, and report on every node.

    Exit codes: 0 every node is fine, 1 none is, 3 a guard refused nodes and nothing else went wrong, 4 some
    nodes are fine and the report names the others.
    """
    model = load_site(site_path(site))
    if failed:
        last = last_report(model.site)
        if last is None:
            raise NightfleetError(
                f"nothing has run yet on site {model.site!r}",
                hint="nightfleet converge",
                exit_code=Exit.USAGE,
            )
        wanted = set(choose(model, nodes))
        nodes = [name for name in last.unfinished if name in wanted]
        if not nodes:
            typer.echo(
                f"nothing to do again: the run of {last.started:%Y-%m-%d %H:%M} UTC left no such node",
                err=True,
            )
            return
        only = only or last.only
    show(run(model, nodes, only, dry_run), site, json)


def run(site: Site, nodes: list[str] | None, only: str | None, dry: bool) -> ConvergeReport:
    """Converge and let the person at the terminal watch."""
    with watching(Console(stderr=True)) as watcher:
        return run_converge(site, nodes or None, only, dry, watcher)


def show(report: ConvergeReport, site: str, json: bool) -> None:
    """Print the report and leave with its exit code."""
    if json:
        typer.echo(report.model_dump_json(indent=1))
    else:
        (print_plan if report.dry else print_report)(Console(), report, site)
    raise typer.Exit(exit_code(report))
