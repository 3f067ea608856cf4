"""`nightfleet upgrade`: a plan with every reason against it, and the run."""

import json as json_module
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console

from nightfleet.cli.options import Json, SiteName
from nightfleet.cli.upgrade_show import show_plan, show_report
from nightfleet.cli.upgrade_watch import watching
from nightfleet.cluster.api import Api
from nightfleet.cluster.ssh import Shell
from nightfleet.converge.lock import one_operation
from nightfleet.depot.model import load_index, load_lock
from nightfleet.errors import Exit, NightfleetError
from nightfleet.home import DEFAULT_SITE, site_path
from nightfleet.ledger import Ledger
from nightfleet.site import Role, Site, load_site
from nightfleet.upgrade import depot
from nightfleet.upgrade.course import Course
from nightfleet.upgrade.guards import Waived
from nightfleet.upgrade.member import Cluster
from nightfleet.upgrade.observe import observe
from nightfleet.upgrade.plan import Plan, make_plan, run_name
from nightfleet.upgrade.report import exit_code
from nightfleet.upgrade.run import run as run_plan
from nightfleet.upgrade.snapshot import snapshot

app = typer.Typer(
    name="upgrade",
    no_args_is_help=True,
    help="New versions of Kubernetes, containerd and runc for a running cluster, node by node.",
    epilog="Example: nightfleet upgrade plan, then nightfleet upgrade run",
)
To = Annotated[
    str | None, typer.Option("--to", metavar="VERSION", help="The Kubernetes version; the site file's.")
]
Accept = Annotated[
    bool, typer.Option("--accept-deprecated", help="Go on although APIs are in use that the target removes.")
]
Outside = Annotated[
    str,
    typer.Option("--outside-window", metavar="REASON", help="Outside of the window (kept in the ledger)."),
]
Tolerate = Annotated[
    int, typer.Option("--tolerate", metavar="N", min=0, help="Workers that may be left out or fail.")
]


@app.command(epilog="Example: nightfleet upgrade plan --to 1.36.3")
def plan(
    to: To = None,
    site: SiteName = DEFAULT_SITE,
    accept_deprecated: Accept = False,
    outside_window: Outside = "",
    tolerate: Tolerate = 0,
    json: Json = False,
) -> None:
    """The steps of an upgrade in their order, or everything that speaks against it. Changes nothing.

    Exit codes: 0 it could begin, or there is nothing to do; 3 refused, and what to do about it.
    """
    model = asked(site, to)
    with Shell(model) as shell:
        made = planned(model, Api.of(model), shell, Waived(accept_deprecated, outside_window, tolerate))
    leave_with_plan(made, site, json)


@app.command(epilog="Example: nightfleet upgrade run --to 1.36.3 --tolerate 2")
def run(
    to: To = None,
    site: SiteName = DEFAULT_SITE,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="The same as `upgrade plan`.")] = False,
    accept_deprecated: Accept = False,
    outside_window: Outside = "",
    tolerate: Tolerate = 0,
    json: Json = False,
) -> None:
    """Bring a running cluster to the site file's versions: control planes one by one, workers in waves.

    Every node is drained before and uncordoned after. May be killed anywhere: the same command goes on.
    Exit codes: 0 every node has its versions, 1 none has, 3 refused and nothing touched, 4 some have and the
    report names the others.
    """
    model, waived = asked(site, to), Waived(accept_deprecated, outside_window, tolerate)
    ledger = Ledger.of(model.site)
    with ExitStack() as held:
        if not dry_run:
            held.enter_context(one_operation(model.site))
        shell, api = held.enter_context(Shell(model)), Api.of(model)
        made = planned(model, api, shell, waived)
        if dry_run or made.refusals or made.nothing_to_do:
            leave_with_plan(made, site, json)
        err = Console(stderr=True, highlight=False)
        if not json:
            show_plan(err, made, site)
        with watching(err, made) as watcher:
            there = Cluster(model, api, shell, Course(made, ledger, watcher))
            report = run_plan(there, waived, backup_of(model, shell, made))
    if json:
        typer.echo(report.model_dump_json(indent=1))
    else:
        show_report(Console(highlight=False), report, site)
    raise typer.Exit(exit_code(report))


def asked(site: str, to: str | None) -> Site:
    """Return the site; the version on the command line must be the one that it wishes for."""
    model = load_site(site_path(site))
    if to and to.removeprefix("v") != model.artifacts.kubernetes:
        version = to.removeprefix("v")
        raise NightfleetError(
            f"the site file says kubernetes {model.artifacts.kubernetes}, --to says {version}",
            f"{model.path}:{model.line(('artifacts', 'kubernetes'))}",
            f"the site file is what counts: write 'kubernetes: {version}' under 'artifacts:' there",
            Exit.USAGE,
        )
    return model


def planned(site: Site, api: Api, shell: Shell, waived: Waived) -> Plan:
    """Observe the cluster and plan; changes nothing."""
    entries = Ledger.of(site.site).entries(run_name(site.artifacts.kubernetes))
    missing = depot.missing(site, load_lock(), load_index())
    return make_plan(site, observe(site, api, shell), entries, missing, waived)


def backup_of(site: Site, shell: Shell, made: Plan) -> Callable[[], str]:
    """Return what makes a backup now and names it; where nobody could open one, a plain snapshot of etcd."""
    from nightfleet.backup.now import backup_now
    from nightfleet.cluster.etcd import members

    if site.backup.recipients:
        return lambda: backup_now(site).name
    planes = [node.name for node in site.having(Role.CONTROL_PLANE)]
    name = f"pre-upgrade-{made.target}"
    return lambda: snapshot(shell, members(shell, planes), planes, name)


def leave_with_plan(made: Plan, site: str, json: bool) -> None:
    """Print the plan and leave: 3 when it is refused."""
    if json:
        typer.echo(json_module.dumps(asdict(made), indent=1))
    else:
        show_plan(Console(highlight=False), made, site)
    raise typer.Exit(Exit.REFUSED if made.refusals else Exit.DONE)
