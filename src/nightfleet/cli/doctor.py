"""`nightfleet doctor`: what is in the way, and the way out."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from nightfleet.doctor import Finding, Status, examine
from nightfleet.errors import Exit
from nightfleet.home import DEFAULT_SITE, site_names

app = typer.Typer()

COLOURS = {Status.OK: "green", Status.WARN: "yellow", Status.FAIL: "bold red", Status.UNKNOWN: "magenta"}


@app.command(epilog="Example: nightfleet doctor --site campus")
def doctor(
    site: Annotated[
        str,
        typer.Option(
            "--site", help="A site under inventory/, or the path of one.", autocompletion=site_names
        ),
    ] = DEFAULT_SITE,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Look at this machine, the site, its nodes and its cluster; change nothing.

    Ends with 1 when anything failed. What nobody could look at is unknown: neither good nor bad news.
    """
    findings = []
    for finding in examine(site):
        findings.append(finding)
        if not as_json:
            print_finding(finding)
    ok = all(finding.status is not Status.FAIL for finding in findings)
    if as_json:
        print(json.dumps({"ok": ok, "findings": [asdict(finding) for finding in findings]}, indent=2))
    else:
        typer.echo(summary(findings))
    raise typer.Exit(Exit.DONE if ok else Exit.FAILED)


def summary(findings: Iterable[Finding]) -> str:
    """Count them: `20 ok, 1 warn`."""
    counts = Counter(finding.status for finding in findings)
    return ", ".join(f"{counts[status]} {status}" for status in Status if counts[status])


def print_finding(finding: Finding) -> None:
    """Print one line, and the way out below it."""
    row = Table.grid(padding=(0, 1))
    row.add_column(width=7, style=COLOURS[finding.status])
    row.add_column(width=20)
    row.add_column(overflow="fold")
    row.add_row(finding.status, finding.check, escape(finding.what))
    if finding.hint and finding.status is not Status.OK:
        row.add_row("", "", f"[dim]{escape(finding.hint)}[/dim]")
    Console(highlight=False).print(row)
