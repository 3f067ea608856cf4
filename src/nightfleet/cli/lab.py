"""`nightfleet lab`: real hosts on this machine."""

import json
import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from nightfleet.cli.options import Json
from nightfleet.converge import exit_code
from nightfleet.errors import Exit, NightfleetError
from nightfleet.home import DEFAULT_SITE, is_path, site_names, site_path
from nightfleet.lab import ssh
from nightfleet.lab.down import down as remove_lab
from nightfleet.lab.events import Event, OnEvent
from nightfleet.lab.layout import Layout
from nightfleet.lab.plan import spec_from_site
from nightfleet.lab.state import State
from nightfleet.lab.status import LabStatus, read_spec
from nightfleet.lab.status import status as lab_status
from nightfleet.lab.up import UpReport
from nightfleet.lab.up import up as boot_lab
from nightfleet.site import load_site

app = typer.Typer(
    name="lab",
    no_args_is_help=True,
    help="A cluster on hosts booted on this machine.",
    epilog="Example: nightfleet lab up",
)
SiteOption = Annotated[
    str,
    typer.Option("--site", help="Name of a site or path of its file.", autocompletion=lambda: site_names()),
]


@app.command(epilog="Example: nightfleet lab up")
def up(
    site: SiteOption = DEFAULT_SITE,
    hosts_only: Annotated[
        bool, typer.Option("--hosts-only", help="Boot blank hosts and stop there.")
    ] = False,
    as_json: Json = False,
) -> None:
    """A cluster on this machine: artifacts, hosts, converge, proof. What is there already stays."""
    from nightfleet.cli import lab_up  # pulls in pyinfra's side; the other commands answer without it

    model = load_site(site_path(site))
    spec = spec_from_site(model)
    if not hosts_only:
        lab_up.fetch(model)
    with steps() as on_event:
        report = boot_lab(spec, on_event)
    if hosts_only or report.failed:
        if as_json:
            typer.echo(json.dumps(asdict(report), indent=2, default=str))
        else:
            show_report(report, spec.name)
        if report.failed:
            raise typer.Exit(Exit.FAILED if len(report.failed) == len(report.hosts) else Exit.PARTLY)
        return
    lab_up.serve(model)
    converged = lab_up.raise_cluster(model)
    if as_json:
        typer.echo(json.dumps(lab_up.as_json(converged, lab_up.seen(model, converged)), indent=2))
    else:
        lab_up.show(model, converged)
    raise typer.Exit(exit_code(converged))


@app.command(epilog="Example: nightfleet lab status --json")
def status(site: SiteOption = DEFAULT_SITE, as_json: Json = False) -> None:
    """Show what each host is doing: state, address, uptime, memory, disks."""
    found = lab_status(lab_name(site))
    if as_json:
        typer.echo(json.dumps(asdict(found), indent=2, default=str))
    else:
        show_status(found)
    if any(host.state is not State.RUNNING for host in found.hosts):
        raise typer.Exit(Exit.PARTLY)


@app.command(
    "ssh",
    epilog="Example: nightfleet lab ssh lab-w1 -- journalctl -u kubelet -n 20",
    context_settings={"ignore_unknown_options": True},
)
def ssh_command(
    node: Annotated[str, typer.Argument(help="Name of a host.")],
    command: Annotated[list[str] | None, typer.Argument(help="What to run there, after --.")] = None,
    site: SiteOption = DEFAULT_SITE,
) -> None:
    """Open a shell on a host, or run one command there."""
    name = lab_name(site)
    spec = read_spec(name)
    if spec.host(node) is None:
        names = ", ".join(host.name for host in spec.hosts)
        raise NightfleetError(f"no host '{node}' in this lab", f"lab {name}", f"hosts: {names}", Exit.USAGE)
    argv = ssh.command(Layout(name), node, [shlex.join(command)] if command else [], terminal=not command)
    os.execvp(argv[0], argv)


@app.command(epilog="Example: nightfleet lab down")
def down(site: SiteOption = DEFAULT_SITE, as_json: Json = False) -> None:
    """Remove the lab: hosts, disks, network, settings. Also after an interrupted start."""
    name = lab_name(site)
    with steps() as on_event:
        report = remove_lab(name, on_event)
    if as_json:
        typer.echo(json.dumps(asdict(report), indent=2))
    elif report.removed:
        typer.echo(f"lab {name} is gone ({len(report.removed)} things removed, {report.seconds:.1f} s)")
    else:
        typer.echo(f"there is nothing of lab {name} on this machine")


def lab_name(site: str) -> str:
    """The name of the lab; one that exists is found even while its site file is broken."""
    if not is_path(site) and Layout(site).dir.exists():
        return site
    return load_site(site_path(site)).site


@contextmanager
def steps() -> Iterator[OnEvent]:
    """Draw one line per step and host on stderr while the lab works."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(finished_text="✓"), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, TextColumn("[dim]{task.fields[detail]}"), console=console) as progress:
        lines: dict[tuple[str, str], TaskID] = {}

        def on_event(event: Event) -> None:
            key = (event.step, event.host)
            if key not in lines:
                title = f"{event.step} {event.host}".strip()
                lines[key] = progress.add_task(title, total=1, detail="")
            if event.step == "install packages" and event.phase == "begin":
                console.print(f"installing Debian packages: {event.detail}", soft_wrap=True)
            fields: dict[str, Any] = {"detail": escape(event.detail[:100])} if event.detail else {}
            progress.update(lines[key], completed=1 if event.phase == "done" else 0, **fields)

        yield on_event


def show_report(report: UpReport, name: str) -> None:
    """Print hosts and outcome, then what to try next."""
    console = Console(highlight=False)
    for warning in report.warnings:
        Console(stderr=True, highlight=False).print(f"[yellow]note:[/yellow] {warning}")
    table = Table("host", "address", "outcome", "seconds")
    for host in report.hosts:
        table.add_row(host.name, host.address, host.outcome, f"{host.seconds:.1f}")
    console.print(table)
    for host in report.failed:
        Console(stderr=True, highlight=False).print(f"[bold red]error:[/bold red] {escape(host.fault)}")
    if not report.changed:
        console.print("nothing to do: every host was running")
    console.print(f"by hand: ssh -F {Layout(name).ssh_config} {report.hosts[0].name}", soft_wrap=True)


def show_status(found: LabStatus) -> None:
    """Print a table of hosts, and the programs beside them."""
    console = Console(highlight=False)
    table = Table("host", "address", "state", "pid", "up", "memory", "disks on this machine")
    for host in found.hosts:
        disks = ", ".join(f"{disk.name} {mebibytes(disk.used_bytes)}" for disk in host.disks)
        up_for = f"{host.uptime_s / 60:.0f} min" if host.uptime_s is not None else "-"
        memory = mebibytes(host.memory_bytes) if host.memory_bytes is not None else "-"
        table.add_row(host.name, host.address, host.state, str(host.pid or "-"), up_for, memory, disks)
    console.print(table)
    for service in found.services:
        state = f"pid {service.pid}" if service.pid else "not running"
        console.print(f"service {service.name}: {state}, log {service.log}", soft_wrap=True)


def mebibytes(size: int) -> str:
    return f"{size / 2**20:.0f} MiB"
