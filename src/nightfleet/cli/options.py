"""What commands have in common: their options, and how they talk to a person and to a machine."""

import json
import shlex
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from nightfleet.home import DEFAULT_SITE, site_names

SiteName = Annotated[
    str,
    typer.Option("--site", help="A site under inventory/, or the path of one.", autocompletion=site_names),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
DAY = 86400


def print_json(value: Any) -> None:
    """Print JSON on stdout."""
    typer.echo(json.dumps(value, indent=1))


def say(line: str) -> None:
    """Tell a person something, on stderr."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(Text(line, style="dim"))


def where(site: str) -> str:
    """Return the option that names the site, unless it is the default."""
    return "" if site == DEFAULT_SITE else f" --site {shlex.quote(site)}"


def age(seconds: float) -> str:
    """`3 h` or `2 days`: as much as one wants to know."""
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h" if seconds < 2 * DAY else f"{seconds / DAY:.0f} days"
