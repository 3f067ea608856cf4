"""`nightfleet cloud leases`: time on machines that is reserved in advance."""

import json as json_module
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from nightfleet.cli.options import Json, SiteName
from nightfleet.cloud.blazar import Blazar, now
from nightfleet.cloud.course import terraform_of, write
from nightfleet.cloud.lease import ASKED, TFVARS, Lease, chosen, due, request, tfvars
from nightfleet.cloud.project import connect, section
from nightfleet.errors import Exit, NightfleetError
from nightfleet.home import site_path
from nightfleet.ledger import Event, Ledger
from nightfleet.site import Site
from nightfleet.site.load import load_before_it_is_made

app = typer.Typer(
    no_args_is_help=True,
    help="Reservations by Blazar, which Terraform does not have.",
    epilog="Example: nightfleet cloud leases create gpu --hours 72",
)
SITE, RUN = "openstack", "lease"
Name = Annotated[str, typer.Argument(help="A name under cloud.leases.reserve.")]
Hours = Annotated[float, typer.Option("--hours", min=0.1, help="How long, or how much longer.")]


@app.command("list", epilog="Example: nightfleet cloud leases list --json")
def list_leases(site: SiteName = SITE, json: Json = False) -> None:
    """Every lease of the project, the next to end first."""
    show(Blazar(connect(section(model_of(site)))).all(), json)


@app.command(epilog="Example: nightfleet cloud leases create gpu --hours 72")
def create(
    name: Name,
    hours: Hours,
    site: SiteName = SITE,
    wait: Annotated[float, typer.Option("--wait", min=0, help="Seconds until it must be ACTIVE.")] = 600,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be asked for.")] = False,
    json: Json = False,
) -> None:
    """Reserve now, wait until the lease is ACTIVE, and tell Terraform's machines.

    Made once, however often it is asked for. Refused (3) when it is shorter than the longest job band.
    """
    model = model_of(site)
    asked = request(name, section(model).leases, now(), hours)
    if dry_run:
        typer.echo(json_module.dumps(asked, indent=1))
        return
    blazar, ledger = Blazar(connect(section(model))), Ledger.of(model.site)
    ledger.append(RUN, "create", Event.BEGUN, note=name, end=str(asked["end"]))
    with Console(stderr=True).status("waiting for the lease"):
        lease = blazar.wait_active(blazar.make(asked), wait)
    tell(model, blazar)
    ledger.append(RUN, "create", Event.DONE, note=name, id=lease.id)
    show((lease,), json)
    say_next(json, f"next: nightfleet cloud plan --site {site}")


@app.command(epilog="Example: nightfleet cloud leases extend gpu --hours 24")
def extend(name: Name, hours: Hours, site: SiteName = SITE, json: Json = False) -> None:
    """Let a lease end later."""
    model = model_of(site)
    blazar = Blazar(connect(section(model)))
    lease = blazar.extend(held(blazar, name), hours)
    Ledger.of(model.site).append(RUN, "extend", Event.DONE, note=name, end=lease.end.strftime(ASKED))
    show((lease,), json)


@app.command(epilog="Example: nightfleet cloud leases end gpu")
def end(name: Name, site: SiteName = SITE, json: Json = False) -> None:
    """End a lease now, and those of this name that failed. First take away the machines on it."""
    model = model_of(site)
    blazar = Blazar(connect(section(model)))
    for lease in (one for one in blazar.all() if one.name == name):
        blazar.end(lease)
        Ledger.of(model.site).append(RUN, "end", Event.DONE, note=name, id=lease.id)
    tell(model, blazar)
    show(blazar.all(), json)


@app.command("due", epilog="Example: nightfleet cloud leases due --within 120 || start-the-wind-down")
def due_soon(
    site: SiteName = SITE,
    within: Annotated[
        int | None, typer.Option("--within", min=0, help="Minutes; by default cloud.leases.warn_before.")
    ] = None,
    json: Json = False,
) -> None:
    """The leases that end soon: the hook for the wind-down. Ends with 1 when there is one."""
    model = model_of(site)
    minutes = section(model).leases.warn_before if within is None else within
    found = due(Blazar(connect(section(model))).all(), now(), minutes)
    show(found, json)
    raise typer.Exit(Exit.FAILED if found else Exit.DONE)


def model_of(site: str) -> Site:
    """Return the site, made or not."""
    return load_before_it_is_made(site_path(site))


def held(blazar: Blazar, name: str) -> Lease:
    """Return the lease of this name that holds, or say which do."""
    leases = blazar.all()
    lease = chosen(leases, name)
    if lease is None:
        names = ", ".join(one.name for one in leases if not one.over) or "none"
        raise NightfleetError(f"no lease {name!r} holds", "leases", f"those that hold: {names}", Exit.USAGE)
    return lease


def tell(model: Site, blazar: Blazar) -> None:
    """Write what the machines use beside the configuration, where Terraform reads it by itself."""
    told = tfvars(blazar.all())
    write(terraform_of(model).directory / TFVARS, json_module.dumps(told, indent=2) + "\n")


def show(leases: tuple[Lease, ...], json: bool) -> None:
    """Print one row for each lease."""
    if json:
        typer.echo(json_module.dumps([as_json(lease) for lease in leases], indent=1))
        return
    table = Table("lease", "status", "begins (UTC)", "ends (UTC)", "left", "kind", box=None, pad_edge=False)
    for lease in leases:
        left = "" if lease.over else f"{lease.left(now()).total_seconds() / 3600:.1f} h"
        times = (lease.start.strftime(ASKED), lease.end.strftime(ASKED))
        table.add_row(lease.name, lease.status, *times, left, lease.kind)
    Console(highlight=False).print(table)


def as_json(lease: Lease) -> dict[str, Any]:
    """Return a lease for machines."""
    return {**asdict(lease), "start": lease.start.isoformat(), "end": lease.end.isoformat()}


def say_next(json: bool, line: str) -> None:
    """Print the next command, for people."""
    if not json:
        typer.echo(line)
