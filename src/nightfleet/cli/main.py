"""The `nightfleet` command: a table of commands, and the one place where errors are printed.

Only the module of the command that was asked for is imported, so that `--help` and completion answer at once.
"""

from dataclasses import dataclass
from importlib import import_module, metadata
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

from nightfleet.errors import Exit, NightfleetError


@dataclass(frozen=True, slots=True)
class Entry:
    """One word after `nightfleet`: where it lives, and its line in the help."""

    name: str
    module: str
    help: str
    panel: str

    def stand_in(self) -> TyperCommand:
        """Return a command that knows its line of help and nothing else."""
        return TyperCommand(self.name, help=self.help, rich_help_panel=self.panel, add_help_option=False)

    def load(self) -> Any:
        """Import the room's `app`; return its command of this name, or all of it when it is a group."""
        room = get_group(import_module(f"nightfleet.cli.{self.module}").app)
        return room.commands.get(self.name, room)


EVERY_DAY, BEFORE, HERE = "Every day", "Before the first run", "On this machine"

ENTRIES = {
    entry.name: entry
    for entry in (
        Entry("plan", "converge", "What converge would change, host by host.", EVERY_DAY),
        Entry(
            "converge", "converge", "Bring hosts to what the site says, one pyinfra run per wave.", EVERY_DAY
        ),
        Entry(
            "verify", "verify", "Check the outcome over ssh, by another way than the deploy used.", EVERY_DAY
        ),
        Entry("upgrade", "upgrade", "New versions for a running cluster, node by node.", EVERY_DAY),
        Entry(
            "backup",
            "backup",
            "Back up etcd and the cluster's keys; list, check and fetch backups.",
            EVERY_DAY,
        ),
        Entry("restore", "restore", "Put a cluster back from a backup, when its etcd is gone.", EVERY_DAY),
        Entry("disks", "disks", "Disks of nodes: show them, plan their layout, lay them out.", EVERY_DAY),
        Entry(
            "data", "data", "What lies in volumes: bags, copies in a bucket, who uses how much.", EVERY_DAY
        ),
        Entry("report", "report", "Reports of earlier runs.", EVERY_DAY),
        Entry("node", "node", "Nodes: list, leave, reboot, replace, renew certificates.", EVERY_DAY),
        Entry("cloud", "cloud", "Machines on OpenStack: Terraform behind a guard, leases, backups.", BEFORE),
        Entry("site", "site", "Check, show and start site files.", BEFORE),
        Entry("depot", "depot", "Fetch, list, verify and serve the locked artifacts.", BEFORE),
        Entry(
            "doctor", "doctor", "Is this machine ready, are the nodes reachable, is the cluster well?", BEFORE
        ),
        Entry("lab", "lab", "A cluster on hosts booted on this machine.", HERE),
    )
}


class LazyGroup(TyperGroup):
    """Shows stand-ins, and imports a command only to run or complete it."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for entry in ENTRIES.values():
            self.add_command(entry.stand_in())

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, stand_in, rest = super().resolve_command(ctx, args)
        return name, ENTRIES[name].load() if name in ENTRIES else stand_in, rest

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except NightfleetError as error:
            if ctx.params["debug"]:
                raise
            show(error)
            raise typer.Exit(error.exit_code) from error
        except KeyboardInterrupt as interrupt:
            typer.echo("interrupted; run the same command again to go on", err=True)
            raise typer.Exit(130) from interrupt


def show(error: NightfleetError) -> None:
    """Print what is wrong, where, and the way out on stderr."""
    from rich.console import Console
    from rich.text import Text

    Console(stderr=True, highlight=False, soft_wrap=True).print(
        Text.assemble(("error: ", "bold red"), str(error))
    )


def version(asked: bool) -> None:
    """Print the version and leave, when asked."""
    if asked:
        typer.echo(f"nightfleet {metadata.version('nightfleet')}")
        raise typer.Exit(Exit.DONE)


app = typer.Typer(
    name="nightfleet",
    cls=LazyGroup,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Example: nightfleet lab up, then nightfleet converge --site lab. "
    "Exit codes: 0 done, 1 failed, 2 usage or site, 3 refused by a guard, 4 partly done.",
)


@app.callback()
def options(
    show_version: Annotated[
        bool, typer.Option("--version", callback=version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the trace behind an error.")] = False,
) -> None:
    """Stand up a Kubernetes cluster on machines that already exist, grow it, and hand the machines back."""


def main() -> None:
    """Run the command line; exits with the codes of nightfleet.errors.Exit."""
    app(prog_name="nightfleet")
