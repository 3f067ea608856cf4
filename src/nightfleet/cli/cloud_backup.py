"""`nightfleet cloud backup`: copies of data volumes by the cloud itself."""

import contextlib
import json as json_module
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from nightfleet.cli import cloud_schedule
from nightfleet.cli.options import Json, SiteName
from nightfleet.cloud.copies import Copy, CopyPlan, choose, plan_copies
from nightfleet.cloud.copying import RUN, Copying, one_copier
from nightfleet.cloud.project import connect, section
from nightfleet.cloud.shelf import Shelf, restored_name, volumes_of
from nightfleet.errors import NightfleetError
from nightfleet.home import site_path
from nightfleet.ledger import Event, Ledger
from nightfleet.site import Site, load_site

app = typer.Typer(
    no_args_is_help=True,
    help="Backups or snapshots of data volumes, with retention and restore.",
    epilog="Example: nightfleet cloud backup run, then nightfleet cloud backup schedule",
)
app.command("schedule", epilog="Example: nightfleet cloud backup schedule --dry-run")(cloud_schedule.schedule)
SITE = "openstack"
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


@app.command(epilog="Example: nightfleet cloud backup restore os-s1/storage --volume-type ssd")
def restore(
    name: Annotated[str, typer.Argument(help="NODE/USE for the newest good copy, or NODE/USE@TIME.")],
    site: SiteName = SITE,
    volume_type: Annotated[
        str | None,
        typer.Option("--volume-type", help="Type of the new volume, as Terraform's volume has it."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print which copy it would be.")] = False,
    json: Json = False,
) -> None:
    """Make a new volume of a copy. The volume that is there is never written over."""
    model = load_site(site_path(site))
    shelf = shelf_of(model)
    copy = choose(shelf.all(), name)
    if dry_run:
        told = f"{copy.name} would become a new volume of {copy.size} GiB, {restored_name(copy)}"
        typer.echo(json_module.dumps({"copy": copy.name, "size": copy.size}) if json else told)
        return
    ledger = Ledger.of(model.site)
    ledger.append(RUN, "restore", Event.BEGUN, note=copy.name)
    try:
        with Console(stderr=True).status(f"restoring {copy.name}"):
            volume = shelf.restore(copy, volume_type)
    except NightfleetError as error:
        ledger.append(RUN, "restore", Event.FAILED, note=f"{copy.name}: {error.what}"[:300])
        raise
    ledger.append(RUN, "restore", Event.DONE, note=copy.name, volume=volume)
    typer.echo(json_module.dumps({"copy": copy.name, "volume": volume}) if json else ways(copy, volume))


def copy_now(model: Site, site: str, force: bool, dry_run: bool, json: bool) -> None:
    """Plan and carry out; print what came of it, and leave with 4 when some failed."""
    settings, shelf, volumes = section(model).backups, shelf_of(model), volumes_of(model)
    with contextlib.nullcontext() if dry_run else one_copier(model.site):
        moment = datetime.now(UTC)
        plan = plan_copies(volumes, shelf.all(), moment, settings.every, settings.keep, force)
        if dry_run or plan.nothing_to_do:
            typer.echo(json_module.dumps(as_json(plan), indent=1) if json else words(plan))
            return
        copying = Copying(shelf, Ledger.of(model.site), Console(stderr=True).status)
        try:
            copying.make(plan.make)
            copying.expire(volumes, settings)
        finally:
            for what, error in copying.outcome.failed.items():
                typer.echo(f"failed: {what}: {error}", err=True)
    show(shelf.all(), json)
    if not json:
        again = "run" if copying.outcome.failed else "list"
        typer.echo(f"next: nightfleet cloud backup {again} --site {site}")
    raise typer.Exit(copying.outcome.exit_code)


def shelf_of(model: Site) -> Shelf:
    """Return where the copies of a site lie."""
    return Shelf.of(model, connect(section(model)))


def ways(copy: Copy, volume: str) -> str:
    """Say how a restored volume gets to work. Pure."""
    node = copy.key.partition("/")[0]
    address = f'module.nodes.openstack_blockstorage_volume_v3.data["{copy.key}"]'
    return "\n".join(
        (
            f"{copy.name} is volume {volume}",
            f"to look into it: openstack server add volume {node} {volume}, and mount it there read-only",
            "to put it in the place of a lost one: this in a file beside Terraform's configuration, then",
            "nightfleet cloud plan; size and type must be the configuration's, or Terraform would replace it",
            f'  import {{\n    to = {address}\n    id = "{volume}"\n  }}',
            f"where Terraform still has the old one: terraform state rm '{address}' first",
        )
    )


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
            {
                "name": copy.name,
                "id": copy.id,
                "status": copy.status,
                "size": copy.size,
                "volume": copy.volume_id,
            }
            for copy in listed
        ]
        typer.echo(json_module.dumps(rows, indent=1))
        return
    table = Table("copy", "status", "GiB", "id", "of volume", box=None, pad_edge=False)
    for copy in listed:
        table.add_row(copy.name, copy.status, str(copy.size), copy.id, copy.volume_id[:8])
    Console(highlight=False).print(table)
