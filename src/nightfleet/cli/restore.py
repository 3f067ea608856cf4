"""`nightfleet restore`: a cluster from a backup."""

from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from nightfleet.backup.key import default_path
from nightfleet.backup.restore import Plan, Restored, prepare
from nightfleet.backup.restore import restore as run_restore
from nightfleet.cli.options import age, print_json, say, where
from nightfleet.cluster.ssh import Shell
from nightfleet.converge.lock import one_operation
from nightfleet.errors import Exit
from nightfleet.home import DEFAULT_SITE, site_names, site_path
from nightfleet.site import load_site

app = typer.Typer()


@app.command(epilog="Example: nightfleet restore newest --dry-run; nightfleet restore newest")
def restore(
    backup: Annotated[
        str, typer.Argument(help="A name of `nightfleet backup list`, `newest`, or the folder of a bag.")
    ],
    site: Annotated[
        str,
        typer.Option(
            "--site", help="A site under inventory/, or the path of one.", autocompletion=site_names
        ),
    ] = DEFAULT_SITE,
    key: Annotated[
        Path | None, typer.Option("--key", metavar="FILE", help="The private key; by default the site's.")
    ] = None,
    over_running: Annotated[
        str, typer.Option("--over-running", metavar="REASON", help="Although etcd is alive and healthy.")
    ] = "",
    without: Annotated[
        list[str] | None,
        typer.Option("--without", metavar="NODE", help="Leave out a control plane that is lost."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check everything, print the steps, touch nothing.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
) -> None:
    """Put etcd's data back on every control plane, and the cluster's keys where they are gone.

    Refused (3) with nothing touched: a damaged backup, one of another cluster, a cluster that is alive.
    Killed anywhere, the same command goes on. 4: restored, and some nodes have not come back.
    """
    model = load_site(site_path(site))
    file = key or default_path(model.site)
    with ExitStack() as held:
        if not dry_run:
            held.enter_context(one_operation(model.site))
        shell = held.enter_context(Shell(model))
        ready = prepare(shell, backup, file, over_running, without or ())
        if not json:
            show_plan(ready.plan, ready.attempt.resumed)
        if dry_run:
            if json:
                print_json(
                    {"name": ready.plan.bag.name, "nodes": ready.plan.nodes, "steps": ready.plan.steps}
                )
            return
        done = run_restore(shell, ready, file, over_running, lambda step, node, what: tell(step, node, what))
    if json:
        print_json(asdict(done))
    else:
        show(done, site)
    raise typer.Exit(Exit.PARTLY if done.missing else Exit.DONE)


def tell(step: str, node: str, what: str) -> None:
    """One line as a step begins and ends."""
    say(f"{node or 'cluster'}: {step}{'' if what == 'begun' else f': {what}'}")


def show_plan(plan: Plan, resumed: bool) -> None:
    """Print what is restored where."""
    bag = plan.bag
    console = Console(highlight=False, soft_wrap=True)
    console.print(Text(f"{'goes on with' if resumed else 'restore'} {bag.name}", style="bold"))
    console.print(
        f"  made {bag.made_at:%Y-%m-%d %H:%M:%S} UTC on {bag.node}, revision {bag.revision}, {bag.keys} keys"
    )
    console.print(
        f"  on {', '.join(plan.nodes)}" + (", made anew with the cluster's keys" if plan.rebuild else "")
    )
    for number, step in enumerate(plan.steps, 1):
        console.print(f"  {number}. {step}")
    if plan.later:
        console.print(f"  afterwards a converge lets {', '.join(plan.later)} join again")


def show(done: Restored, site: str) -> None:
    """Print how it ended."""
    console = Console(highlight=False, soft_wrap=True)
    table = Table("step", "seconds", box=None, header_style="bold")
    for step, seconds in done.took.items():
        table.add_row(step, f"{seconds:.1f}")
    console.print(table)
    console.print(
        Text(
            f"restored {done.name} in {age(done.seconds) if done.seconds > 600 else f'{done.seconds:.1f} s'}",
            style="bold",
        )
    )
    console.print(f"back: {', '.join(done.back)}")
    if done.missing:
        console.print(Text(f"not back yet: {', '.join(done.missing)}", style="bold red"))
    say(f"next: nightfleet {'converge' if done.later else 'verify'}{where(site)}")
