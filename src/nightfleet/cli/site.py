"""`nightfleet site`: is a site file right, what does it say, and how does one begin."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from nightfleet.cli.options import Json
from nightfleet.depot.model import load_lock
from nightfleet.errors import Exit, NightfleetError
from nightfleet.home import DEFAULT_SITE, home, site_path
from nightfleet.site import Fault, Role, Site, SiteError, load_site, warn
from nightfleet.site.faults import listed, shown
from nightfleet.site.schema import schema_text
from nightfleet.site.shown import Line, as_json, lines
from nightfleet.site.start import Example, started
from nightfleet.site.versions import Known, unlisted

app = typer.Typer(name="site", no_args_is_help=True, help="Check, show and start site files.")

SiteOption = Annotated[
    str, typer.Option("--site", "-s", metavar="NAME", help="Name under inventory/, or a path.")
]


@app.command()
def check(site: SiteOption = DEFAULT_SITE, json_: Json = False) -> None:
    """Report everything that is wrong with a site file, each fault with its line and the way out.

    Example: nightfleet site check --site campus
    """
    path, known = site_path(site), locked()
    try:
        loaded = load_site(path, known)
    except SiteError as error:
        if not json_:
            raise
        typer.echo(json.dumps(outcome(path, error.faults, ())))
        raise typer.Exit(Exit.USAGE) from error
    warnings = [loaded.located(fault) for fault in (*warn(loaded), *unlisted(loaded, known))]
    if json_:
        typer.echo(json.dumps(outcome(path, (), warnings)))
        return
    typer.echo(f"{shown(loaded.path)} is right: {summary(loaded)}")
    if warnings:
        Console(stderr=True, highlight=False, soft_wrap=True).print(
            Text.assemble(("warning:", "bold yellow"), listed(shown(loaded.path), warnings))
        )
    typer.echo(f"next: nightfleet plan --site {site}")


@app.command()
def show(site: SiteOption = DEFAULT_SITE, json_: Json = False) -> None:
    """Print every node and every value of a site; what the file does not say is marked as a default.

    Example: nightfleet site show --site lab --json
    """
    loaded = load_site(site_path(site))
    if json_:
        typer.echo(json.dumps(as_json(loaded), indent=2))
        return
    console = Console(highlight=False, soft_wrap=True)
    console.print(nodes_table(loaded))
    for line in lines(loaded):
        console.print(styled(line))


@app.command()
def schema() -> None:
    """Print the JSON Schema of the site file, for editors.

    Example: nightfleet site schema > inventory/site.schema.json
    """
    typer.echo(schema_text(), nl=False)


@app.command()
def init(
    name: Annotated[str, typer.Argument(help="Name of the new site.")],
    kind: Annotated[Example, typer.Option("--kind", help="The example to begin with.")] = Example.RACK,
) -> None:
    """Start a site under inventory/ from one of the explained examples; overwrites nothing.

    Example: nightfleet site init basement --kind campus
    """
    inventory = home() / "inventory"
    example = inventory / kind
    text = started((example / "site.yaml").read_text(encoding="utf-8"), kind, name)
    target = inventory / name
    if target.exists():
        raise NightfleetError(
            f"there is a site {name!r} already", str(target), "take another name, or edit it", Exit.REFUSED
        )
    target.mkdir()
    (target / "site.yaml").write_text(text, encoding="utf-8")
    (target / "hosts.py").write_bytes((example / "hosts.py").read_bytes())
    typer.echo(f"wrote {shown(target / 'site.yaml')} and hosts.py beside it")
    typer.echo(f"next: change names and addresses in it, then nightfleet site check --site {name}")


def locked() -> Known:
    """Return the versions of the version lock by artifact."""
    return {name: artifact.versions for name, artifact in load_lock().artifacts.items()}


def outcome(path: Path, faults: tuple[Fault, ...], warnings: list[Fault] | tuple[()]) -> dict[str, object]:
    """Return what `site check --json` prints."""
    return {
        "ok": not faults,
        "path": str(path),
        "faults": [as_dict(fault) for fault in faults],
        "warnings": [as_dict(fault) for fault in warnings],
    }


def as_dict(fault: Fault) -> dict[str, object]:
    """Return a fault for machines; `at` is the path of keys from the top of the file."""
    return {"line": fault.line, "at": list(fault.at), "what": fault.what, "hint": fault.hint}


def summary(site: Site) -> str:
    """Return nodes and roles on one line."""
    roles = ", ".join(f"{len(nodes)} {role}" for role in Role if (nodes := site.having(role)))
    count = len(site.fleet)
    return f"{count} {'node' if count == 1 else 'nodes'} ({roles}), Kubernetes {site.artifacts.kubernetes}"


def nodes_table(site: Site) -> Table:
    """Return the expanded nodes."""
    table = Table(
        "node", "address", "roles", "class", "kubernetes", "pods", "labels", box=None, pad_edge=False
    )
    for node in site.fleet:
        roles = ", ".join(role for role in Role if node.has(role))
        labels = ", ".join(f"{key}={value}" for key, value in node.labels.items())
        pods = str(node.pod_cidr or site.network.pods)
        table.add_row(node.name, str(node.address), roles, node.class_name, node.kubernetes, pods, labels)
    return table


def styled(line: Line) -> Text:
    """Return one line of YAML; defaults are dim, and say so where there is no colour."""
    text = f"{'  ' * line.depth}{line.key}:{' ' if line.value else ''}{line.value}"
    return Text(f"{text}  # default", style="dim") if line.default and line.value else Text(text)
