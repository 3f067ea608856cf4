"""`nightfleet report`: what earlier runs of converge did."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from nightfleet.cli.options import Json, SiteName
from nightfleet.cli.reporting import print_plan, print_report, summary
from nightfleet.converge.html import render_html
from nightfleet.converge.store import find_run, last_run, read_report, run_names, write_at_once
from nightfleet.errors import Exit, NightfleetError
from nightfleet.home import DEFAULT_SITE, site_path
from nightfleet.site import load_site

app = typer.Typer(no_args_is_help=True, help="Reports of earlier runs.")

Html = Annotated[bool, typer.Option("--html", help="Write report.html beside the JSON, and print where.")]


@app.command(epilog="Example: nightfleet report last --html")
def last(site: SiteName = DEFAULT_SITE, json: Json = False, html: Html = False) -> None:
    """The last run that was no dry run."""
    name = load_site(site_path(site)).site
    run = last_run(name)
    if run is None:
        raise NightfleetError(
            f"nothing has run yet on site {name!r}", hint="nightfleet converge", exit_code=Exit.USAGE
        )
    show_run(run, site, json, html)


@app.command(epilog="Example: nightfleet report show 20261123T101500Z")
def show(
    run: Annotated[str, typer.Argument(help="A name that `nightfleet report list` prints.")],
    site: SiteName = DEFAULT_SITE,
    json: Json = False,
    html: Html = False,
) -> None:
    """One run by its name."""
    show_run(find_run(load_site(site_path(site)).site, run), site, json, html)


@app.command("list", epilog="Example: nightfleet report list --site lab")
def list_runs(site: SiteName = DEFAULT_SITE) -> None:
    """Every run with a report, oldest first."""
    name = load_site(site_path(site)).site
    for run in run_names(name):
        report = read_report(find_run(name, run))
        typer.echo(f"{run}  {'plan' if report.dry else 'converge'}  {summary(report)}")


def show_run(run: Path, site: str, json: bool, html: bool) -> None:
    """Print the report in a run's folder, or where its HTML lies."""
    report = read_report(run)
    if html:
        write_at_once(run / "report.html", render_html(report))
        typer.echo(run / "report.html")
    elif json:
        typer.echo(report.model_dump_json(indent=1))
    else:
        (print_plan if report.dry else print_report)(Console(), report, site)
