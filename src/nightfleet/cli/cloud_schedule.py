"""`nightfleet cloud backup schedule`: copies of data volumes on a timer of this machine."""

import os
import shlex
from typing import Annotated

import typer

from nightfleet.cli.options import SiteName
from nightfleet.cloud.schedule import Schedule, is_root, schedule_of, told
from nightfleet.errors import Exit
from nightfleet.home import site_path
from nightfleet.site.load import load_before_it_is_made

SITE = "openstack"


def schedule(
    site: SiteName = SITE,
    remove: Annotated[bool, typer.Option("--remove", help="Stop the timer and delete its files.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the files.")] = False,
) -> None:
    """Put `cloud backup run` on a systemd timer, as often as cloud.backups.every says. Twice does nothing.

    The timer is yours, or the system's when you are root. Exit codes: 0 it runs, 4 the files are there and
    systemd was not told: the commands are printed.
    """
    model = load_before_it_is_made(site_path(site))
    wanted = schedule_of(model, os.environ, is_root())
    if dry_run:
        typer.echo("\n".join(f"# {path}\n{text}" for path, text in wanted.files.items()), nl=False)
    elif remove:
        gone = wanted.remove()
        typer.echo("\n".join(f"deleted: {path}" for path in gone) or "nothing to do: there is no such timer")
    else:
        start(wanted)


def start(wanted: Schedule) -> None:
    """Write what is not so yet, and let systemd run it."""
    changed = wanted.write()
    for path in changed:
        typer.echo(f"written: {path}")
    commands = wanted.commands if changed else wanted.commands[-1:]
    if not told(*commands):
        typer.echo("systemd was not told; where it runs:", err=True)
        for command in wanted.commands:
            typer.echo(f"  {shlex.join(command)}", err=True)
        raise typer.Exit(Exit.PARTLY)
    typer.echo(f"{wanted.timer} runs" if changed else f"nothing to do: {wanted.timer} runs")
    typer.echo(f"next: {shlex.join((*wanted.systemctl, 'list-timers', wanted.timer))}")
    if "--user" in wanted.systemctl:
        typer.echo("so that it runs while you are logged out: loginctl enable-linger")
