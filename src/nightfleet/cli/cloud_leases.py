"""`nightfleet cloud leases`: time on machines that is reserved in advance."""

import json as json_module
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from nightfleet.cli.options import Json, SiteName, print_json
from nightfleet.cloud.beside import write
from nightfleet.cloud.blazar import Blazar, now
from nightfleet.cloud.lease import (
    ASKED,
    TFVARS,
    Lease,
    checked,
    chosen,
    due,
    later,
    of_site,
    request,
    tfvars,
)
from nightfleet.cloud.leased import standing
from nightfleet.cloud.project import connect, section
from nightfleet.cloud.terraform import Terraform
from nightfleet.errors import Exit, NightfleetError
from nightfleet.home import site_path
from nightfleet.ledger import Event, Ledger
from nightfleet.site import Site
from nightfleet.site.cloud import Reservation
from nightfleet.site.load import load_before_it_is_made

app = typer.Typer(
    no_args_is_help=True,
    help="Reservations by Blazar, which Terraform does not have.",
    epilog="Example: nightfleet cloud leases create gpu --hours 72",
)
SITE, RUN = "openstack", "lease"
Name = Annotated[str, typer.Argument(help="A name under cloud.leases.reserve.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print what would be done; nothing changes.")]
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
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Reserve now, wait until the lease is ACTIVE, and tell Terraform's machines.

    Made once, however often it is asked for. Refused (3) when it is shorter than the longest job band, or
    when one of this name holds already that is less than what is asked for.
    """
    model = model_of(site)
    leases = section(model).leases
    wanted = checked(name, leases, hours, str(model.path))
    if dry_run:
        asked = request(name, wanted, leases.warn_before, now(), hours)
        print_json(asked) if json else typer.echo(in_words(asked, wanted))
        return
    blazar, ledger = Blazar(connect(section(model))), Ledger.of(model.site)
    ledger.append(RUN, "create", Event.BEGUN, note=name, hours=f"{hours:g}")
    with Console(stderr=True).status("waiting for the lease"):
        lease = blazar.wait_active(blazar.make(name, wanted, leases.warn_before, hours), wait)
    tell(model, blazar)
    ledger.append(RUN, "create", Event.DONE, note=name, id=lease.id)
    show((lease,), json)
    say_next(json, f"next: nightfleet cloud plan --site {site}")


@app.command(epilog="Example: nightfleet cloud leases extend gpu --hours 24")
def extend(
    name: Name, hours: Hours, site: SiteName = SITE, dry_run: DryRun = False, json: Json = False
) -> None:
    """Let a lease end later."""
    model = model_of(site)
    blazar = Blazar(connect(section(model)))
    lease = held(blazar, name)
    if dry_run:
        show((later(lease, hours),), json)
        return
    lease = blazar.extend(lease, hours)
    Ledger.of(model.site).append(RUN, "extend", Event.DONE, note=name, end=lease.end.strftime(ASKED))
    show((lease,), json)


@app.command(epilog="Example: nightfleet cloud leases end gpu")
def end(
    name: Name,
    site: SiteName = SITE,
    delete_servers: Annotated[
        bool, typer.Option("--delete-servers", help="Yes, every machine that stands on it, too.")
    ] = False,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """End a lease now, and those of this name that failed. Refused (3) while machines stand on it.

    Blazar deletes the machines of a lease that ends, whoever works there.
    """
    model = model_of(site)
    connection = connect(section(model))
    blazar = Blazar(connection)
    leases = tuple(one for one in blazar.all() if one.name == name)
    machines = standing(connection, leases)
    if machines and not delete_servers:
        raise NightfleetError(
            f"machines stand on it, which Blazar would delete with it: {', '.join(machines)}",
            name,
            f"take them away first: nightfleet node leave {machines[0]}, then out of terraform.tfvars and"
            " nightfleet cloud apply (or nightfleet cloud destroy); or lose them by --delete-servers",
            Exit.REFUSED,
        )
    if dry_run:
        told = {"leases": [as_json(lease) for lease in leases], "servers": list(machines)}
        print_json(told) if json else show(leases, json)
        say_next(json or not machines, f"deleted with it: {', '.join(machines)}")
        return
    for lease in leases:
        blazar.end(lease)
        note = {"deleted": " ".join(machines)} if machines else {}
        Ledger.of(model.site).append(RUN, "end", Event.DONE, note=name, id=lease.id, **note)
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
    leases = section(model).leases
    minutes = leases.warn_before if within is None else within
    mine = of_site(Blazar(connect(section(model))).all(), leases.reserve)
    found = due(mine, now(), minutes)
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
    told = tfvars(blazar.all(), section(model).leases.reserve)
    write(Terraform.of(model).directory / TFVARS, json_module.dumps(told, indent=2) + "\n")


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


def in_words(asked: dict[str, Any], wanted: Reservation) -> str:
    """Return for a person what would be asked for."""
    what = f"{wanted.amount} {wanted.kind}{'s' if wanted.amount > 1 else ''}"
    warned = f", told of at {asked['before_end']} UTC" if "before_end" in asked else ""
    return f"would reserve {asked['name']}: {what} from now until {asked['end']} UTC{warned}"


def as_json(lease: Lease) -> dict[str, Any]:
    """Return a lease for machines."""
    return {**asdict(lease), "start": lease.start.isoformat(), "end": lease.end.isoformat()}


def say_next(json: bool, line: str) -> None:
    """Print the next command, for people."""
    if not json:
        typer.echo(line)
