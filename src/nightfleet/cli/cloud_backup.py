"""`nightfleet cloud backup`: copies of data volumes by the cloud itself."""

import json as json_module
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from nightfleet.cli.options import Json, SiteName
from nightfleet.cloud.copies import Copy, CopyPlan, Volume, choose, plan_copies, wanted_volumes
from nightfleet.cloud.project import connect, section
from nightfleet.cloud.shelf import Shelf
from nightfleet.home import site_path
from nightfleet.ledger import Event, Ledger
from nightfleet.site import Site, load_site

app = typer.Typer(
    no_args_is_help=True,
    help="Backups or snapshots of data volumes, with retention and restore.",
    epilog="Example: nightfleet cloud backup run, on a timer",
)
SITE, RUN = "openstack", "volume backup"
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print what would be made and deleted.")]


@app.command("list", epilog="Example: nightfleet cloud backup list --json")
def list_copies(site: SiteName = SITE, json: Json = False) -> None:
    """Every copy of this site's volumes, newest first."""
    model = load_site(site_path(site))
    copies = shelf_of(model).all()
    show(copies, json)


@app.command(epilog="Example: nightfleet cloud backup run --dry-run")
def run(site: SiteName = SITE, dry_run: DryRun = False, json: Json = False) -> None:
    """Make the copies that are due, delete those beyond cloud.backups.keep. Twice does nothing."""
    copy_now(load_site(site_path(site)), site, False, dry_run, json)


@app.command(epilog="Example: nightfleet cloud backup now")
def now(site: SiteName = SITE, dry_run: DryRun = False, json: Json = False) -> None:
    """Make a copy of every volume that cloud.backups.uses names, due or not."""
    copy_now(load_site(site_path(site)), site, True, dry_run, json)


@app.command(epilog="Example: nightfleet cloud backup restore os-s1/storage")
def restore(
    name: Annotated[str, typer.Argument(help="NODE/USE for the newest good copy, or NODE/USE@TIME.")],
    site: SiteName = SITE,
    json: Json = False,
) -> None:
    """Make a new volume of a copy. The volume that is there is never written over."""
    model = load_site(site_path(site))
    shelf = shelf_of(model)
    copy = choose(shelf.all(), name)
    ledger = Ledger.of(model.site)
    ledger.append(RUN, "restore", Event.BEGUN, note=copy.name)
    with Console(stderr=True).status(f"restoring {copy.name}"):
        volume = shelf.restore(copy)
    ledger.append(RUN, "restore", Event.DONE, note=copy.name, volume=volume)
    node = copy.key.partition("/")[0]
    if json:
        typer.echo(json_module.dumps({"copy": copy.name, "volume": volume}))
        return
    typer.echo(f"{copy.name} is volume {volume}")
    typer.echo(f"next: openstack server add volume {node} {volume}, mount it there read-only and compare")


def copy_now(model: Site, site: str, force: bool, dry_run: bool, json: bool) -> None:
    """Plan and carry out; print what came of it."""
    settings, shelf = section(model).backups, shelf_of(model)
    copies = shelf.all()
    moment = datetime.now(UTC)
    plan = plan_copies(volumes_of(model), copies, moment, settings.every, settings.keep, force)
    if dry_run or plan.nothing_to_do:
        typer.echo(json_module.dumps(as_json(plan), indent=1) if json else words(plan))
        return
    ledger = Ledger.of(model.site)
    for volume in plan.make:
        ledger.append(RUN, "copy", Event.BEGUN, note=volume.key)
        with Console(stderr=True).status(f"copying {volume.key}"):
            made = shelf.make(volume)
        ledger.append(RUN, "copy", Event.DONE, note=made.name)
    # Retention is decided anew: what is deleted is beyond what is good by now.
    late = plan_copies(volumes_of(model), shelf.all(), datetime.now(UTC), settings.every, settings.keep)
    for copy in late.drop:
        shelf.drop(copy)
        ledger.append(RUN, "drop", Event.DONE, note=copy.name)
    show(shelf.all(), json)
    if not json:
        typer.echo(f"next: nightfleet cloud backup list --site {site}")


def shelf_of(model: Site) -> Shelf:
    """Return where the copies of a site lie."""
    return Shelf(connect(section(model)), model.site, section(model).backups.kind)


def volumes_of(model: Site) -> tuple[Volume, ...]:
    """Return the volumes that the site wants copied; none when Terraform did not make its machines."""
    nodes = model.handover.nodes if model.handover else {}
    disks = {
        name: {use: Volume(f"{name}/{use}", disk.id, disk.size) for use, disk in node.volumes.items()}
        for name, node in nodes.items()
    }
    return wanted_volumes(disks, section(model).backups.uses)


def words(plan: CopyPlan) -> str:
    """Say what would be done."""
    if plan.nothing_to_do:
        return "nothing to do: every volume has a young copy, and none is beyond those that are kept"
    lines = [f"copy {volume.key}" for volume in plan.make]
    return "\n".join([*lines, *(f"delete {copy.name}" for copy in plan.drop)])


def as_json(plan: CopyPlan) -> dict[str, Any]:
    """Return a plan for machines."""
    return {"make": [volume.key for volume in plan.make], "drop": [copy.name for copy in plan.drop]}


def show(copies: tuple[Copy, ...], json: bool) -> None:
    """Print one row for each copy."""
    listed = sorted(copies, key=lambda copy: copy.at, reverse=True)
    if json:
        rows = [
            {"name": copy.name, "id": copy.id, "status": copy.status, "size": copy.size} for copy in listed
        ]
        typer.echo(json_module.dumps(rows, indent=1))
        return
    table = Table("copy", "status", "GiB", "id", box=None, pad_edge=False)
    for copy in listed:
        table.add_row(copy.name, copy.status, str(copy.size), copy.id)
    Console(highlight=False).print(table)
