"""`nightfleet disks`: show, plan and lay out the disks of nodes."""

import json as jsonlib
from dataclasses import asdict
from typing import Annotated

import typer
import yaml
from rich.console import Console

from nightfleet.cli.disks_show import as_json, print_disks, print_move, print_plans
from nightfleet.cli.options import Json, SiteName, say, where
from nightfleet.cli.reporting import print_report
from nightfleet.cli.watch import watching
from nightfleet.cluster.ssh import Shell
from nightfleet.converge import choose, exit_code
from nightfleet.diskwork.erase import erase as erase_disks
from nightfleet.diskwork.erase import erasures, parse
from nightfleet.diskwork.layout import lay_out
from nightfleet.diskwork.moving import Move, Wishes
from nightfleet.diskwork.scratch import manifests
from nightfleet.diskwork.survey import Opened, Surveyed, survey
from nightfleet.errors import Exit, NightfleetError
from nightfleet.home import DEFAULT_SITE, site_path
from nightfleet.site import Site, load_site

app = typer.Typer(no_args_is_help=True, help="Disks: show them, plan their layout, lay them out.")

Nodes = Annotated[
    list[str] | None, typer.Argument(help="Names or ranges, like lab-w[1-2]. Default: every node.")
]
Erase = Annotated[
    list[str] | None,
    typer.Option(
        "--erase",
        metavar="NODE:SERIAL",
        help="Give up everything on this one disk, once. The ledger remembers who did.",
    ),
]


@app.command(epilog="Example: nightfleet disks show 'gpu-[1-4]' --site rack")
def show(nodes: Nodes = None, site: SiteName = DEFAULT_SITE, json: Json = False) -> None:
    """A picture of each node's disks: what is on them, and what the layout would make of them.

    Only looks. The same by hand, on a node: lsblk -f; wipefs -n DISK.
    """
    model = load_site(site_path(site))
    surveyed = looked(model, list(choose(model, nodes)))
    if json:
        typer.echo(jsonlib.dumps([as_json(one, with_devices=True) for one in surveyed], indent=1))
    else:
        print_disks(model, surveyed)
    leave(surveyed)


@app.command(epilog="Example: nightfleet disks plan gpu-1 --erase gpu-1:S5GXNX0T200002")
def plan(nodes: Nodes = None, site: SiteName = DEFAULT_SITE, erase: Erase = None, json: Json = False) -> None:
    """What `apply` would do, step by step, or why it is refused; and kubelet's thresholds with their reasons.

    Changes nothing. Exit code 3: a node is refused.
    """
    model = load_site(site_path(site))
    names = with_layout(model, nodes)
    surveyed = looked(model, names, parse(erase or (), names))
    if json:
        typer.echo(jsonlib.dumps([as_json(one) for one in surveyed], indent=1))
    else:
        print_plans(surveyed, site)
    leave(surveyed, refused=True)


@app.command(
    epilog="Example: nightfleet disks apply gpu-1; nightfleet disks apply --erase gpu-1:S5GXNX0T200002"
)
def apply(
    nodes: Nodes = None,
    site: SiteName = DEFAULT_SITE,
    erase: Erase = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="The same as `nightfleet disks plan`.")] = False,
    json: Json = False,
) -> None:
    """Show the plan, then lay the disks out: the same as `nightfleet converge --only disks`.

    A disk that holds anything is refused (3) and named. --erase with its exact serial opens that one disk,
    unless it is in use.
    """
    if dry_run:
        plan(nodes, site, erase, json)
        return
    model = load_site(site_path(site))
    names = with_layout(model, nodes)
    opened = parse(erase or (), names)
    surveyed = looked(model, names, opened)
    erasures(surveyed, opened)
    if not json:
        print_plans(surveyed, site, Console(stderr=True, highlight=False), following=False)
    if opened:
        with Shell(model) as shell:
            for line in erase_disks(model, shell, opened):
                say(line)
    with watching(Console(stderr=True)) as watcher:
        report = lay_out(model, surveyed, watcher)
    if json:
        typer.echo(report.model_dump_json(indent=1))
    else:
        print_report(Console(), report, site)
        say(f"next: nightfleet disks show{where(site)}")
    raise typer.Exit(exit_code(report))


@app.command(epilog="Example: nightfleet disks migrate gpu-1 --dry-run")
def migrate(
    node: Annotated[str, typer.Argument(metavar="NODE", help="A node at work, whose class has a layout.")],
    site: SiteName = DEFAULT_SITE,
    pull: Annotated[bool, typer.Option("--pull", help="Leave images behind; they are pulled anew.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="End pods, too, that nobody would bring back.")
    ] = False,
    outside_window: Annotated[
        str,
        typer.Option(
            "--outside-window", metavar="REASON", help="Do it now; the reason goes into the ledger."
        ),
    ] = "",
    back: Annotated[
        bool, typer.Option("--back", help="Give a move up, as long as the old folders are in their places.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan; touch nothing.")] = False,
    json: Json = False,
) -> None:
    """Move a working node's images and pods onto filesystems of their own: drain, stop, copy, mount, start.

    Killed anywhere, the same command goes on. The old folders go last, when the node is Ready without them.
    """
    model = load_site(site_path(site))
    (name,) = choose(model, [node])
    with Shell(model) as shell:
        move = Move(model, name, Wishes(pull, force, outside_window), shell)
        planned = move.planned_back() if back else move.planned()
        if dry_run or planned.refusals or not planned.steps:
            typer.echo(jsonlib.dumps(asdict(planned))) if json else print_move(planned, back)
            raise typer.Exit(Exit.REFUSED if planned.refusals else Exit.DONE)
        move.run(planned, lambda step, _: say(f"{name}: {step}"))
    typer.echo(jsonlib.dumps(asdict(planned))) if json else say(
        f"next: nightfleet disks show {name}{where(site)}"
    )


@app.command(epilog="Example: nightfleet disks volumes --site rack | kubectl apply --filename -")
def volumes(nodes: Nodes = None, site: SiteName = DEFAULT_SITE) -> None:
    """Print /scratch as volumes for pods: a StorageClass `scratch`, and a local volume per worker with it.

    Only looks. Exit code 3: no such worker is laid out.
    """
    model = load_site(site_path(site))
    surveyed = looked(model, with_layout(model, nodes))
    if not (objects := manifests(model, surveyed)):
        raise NightfleetError(
            "no worker has a /scratch yet", site, "`scratch` in its layout, then disks apply", Exit.REFUSED
        )
    typer.echo(yaml.safe_dump_all(objects, sort_keys=False), nl=False)
    leave(surveyed)


def looked(site: Site, names: list[str], opened: Opened | None = None) -> list[Surveyed]:
    """Ask nodes while somebody waits."""
    with Shell(site) as shell, Console(stderr=True).status(f"looking at the disks of {len(names)} nodes"):
        return survey(site, shell, names, opened)


def with_layout(site: Site, nodes: list[str] | None) -> list[str]:
    """Return the chosen nodes whose class has a layout. NightfleetError when none has."""
    names = [name for name in choose(site, nodes) if site.layout(site.node(name))]
    if not names:
        raise NightfleetError(
            "no layout for the class of these nodes: no disk is touched",
            str(site.path),
            "write one under `disks:` (docs/guide/disks.md)",
            Exit.USAGE,
        )
    return names


def leave(surveyed: list[Surveyed], refused: bool = False) -> None:
    """End with 4 when nodes were silent, with 3 when one is refused and that matters."""
    if any(one.silent for one in surveyed):
        raise typer.Exit(Exit.PARTLY if any(not one.silent for one in surveyed) else Exit.FAILED)
    if refused and any(one.refusals for one in surveyed):
        raise typer.Exit(Exit.REFUSED)
