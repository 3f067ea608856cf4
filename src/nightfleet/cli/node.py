"""`nightfleet node`: machines that leave, reboot, are replaced; certificates."""

import json as jsonlib
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from nightfleet.cli.leaving import print_leave_plan, print_left, proof_of
from nightfleet.cli.options import Json, SiteName
from nightfleet.cli.rebooting import look, print_needs, print_nodes, print_outcome, print_reboot_plan
from nightfleet.cli.renewal import print_renewal_plan, print_renewed
from nightfleet.cli.watch import watching
from nightfleet.cluster.ssh import Shell
from nightfleet.converge import choose
from nightfleet.errors import Exit, NightfleetError
from nightfleet.home import DEFAULT_SITE, site_path
from nightfleet.membership.leave import Step, Wishes
from nightfleet.membership.leaving import Leave
from nightfleet.membership.rebooting import Reboot
from nightfleet.membership.renewal import WITHIN, Renewal
from nightfleet.membership.replacing import Replace
from nightfleet.site import Site, load_site

app = typer.Typer(no_args_is_help=True, help="Nodes: list, leave, reboot, replace, renew certificates.")

Name = Annotated[str, typer.Argument(metavar="NODE", help="A node of the site file.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the plan; touch nothing.")]
Outside = Annotated[
    str,
    typer.Option("--outside-window", metavar="REASON", help="Do it now; the reason goes into the ledger."),
]


@app.command("list", epilog="Example: nightfleet node list --site lab")
def list_nodes(site: SiteName = DEFAULT_SITE, json: Json = False) -> None:
    """Every node of the site: what the cluster says about it, and whether it wants a reboot."""
    model = load_site(site_path(site))
    with Shell(model) as shell:
        rows = look(model, shell)
    if json:
        typer.echo(jsonlib.dumps(rows, indent=1))
    else:
        print_nodes(rows)


@app.command(epilog="Example: nightfleet node leave lab-w2 --prove")
def leave(
    node: Name,
    site: SiteName = DEFAULT_SITE,
    prove: Annotated[
        bool, typer.Option("--prove", help="Take the machine's fingerprint again and compare it with before.")
    ] = False,
    keep: Annotated[
        list[str] | None,
        typer.Option("--keep", metavar="PACKAGE", help="Packages that stay: names or patterns."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="End pods, too, that nobody would bring back.")
    ] = False,
    gone: Annotated[
        bool, typer.Option("--gone", help="The machine is lost: let the cluster forget it.")
    ] = False,
    end: Annotated[bool, typer.Option("--end", help="The last node: end the cluster with it.")] = False,
    outside_window: Outside = "",
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Take a node out of the cluster, and everything of ours off its machine.

    Refused (3): the last control plane, one without which etcd loses its quorum, the registry while others
    need it, pods that would be lost, outside the maintenance windows. Exit code 4: pods did not leave in
    time, or --prove found differences; run it again to go on.
    """
    model = load_site(site_path(site))
    name = one(model, node)
    wishes = Wishes(prove, force, gone, end, outside_window)
    console = Console(stderr=True, highlight=False)
    with Shell(model) as shell, watching(console) as watcher:
        act = Leave(model, name, wishes, keep or (), shell, watcher)
        planned = act.planned()
        if planned.refusals:
            raise NightfleetError("; ".join(planned.refusals), name, exit_code=Exit.REFUSED)
        if dry_run:
            typer.echo(jsonlib.dumps(asdict(planned))) if json else print_leave_plan(planned)
            return

        def told(step: Step, what: str) -> None:
            if what or step is not Step.HAND_BACK:
                console.print(Text(f"{name}: {step}" + (f": {what}" if what else "")))

        left = act.run(planned, told)
    if json:
        typer.echo(jsonlib.dumps({**asdict(left), "proof": proof_of(left), "exit_code": left.exit_code}))
    else:
        print_left(model, left, site)
    raise typer.Exit(left.exit_code)


@app.command(epilog="Example: nightfleet node reboot --needed; nightfleet node reboot 'lab-w[1-2]'")
def reboot(
    nodes: Annotated[list[str] | None, typer.Argument(help="Names or ranges, like lab-w[1-2].")] = None,
    site: SiteName = DEFAULT_SITE,
    needed: Annotated[
        bool, typer.Option("--needed", help="Only those that want it; without names: of all nodes.")
    ] = False,
    at_once: Annotated[
        int, typer.Option("--at-once", min=0, help="Most workers away at once. 0: as the site says.")
    ] = 0,
    force: Annotated[
        bool, typer.Option("--force", help="End pods, too, that nobody would bring back.")
    ] = False,
    outside_window: Outside = "",
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Empty nodes, reboot them, and wait until each has booted anew and is Ready; then let pods in again.

    Workers by waves, control planes one at a time. A machine that does not return within
    maintenance.return_timeout is reported (exit code 4), stays closed, and no further wave begins.
    """
    model = load_site(site_path(site))
    if not nodes and not needed:
        raise NightfleetError("which nodes?", hint="name them, or give --needed", exit_code=Exit.USAGE)
    names = list(choose(model, nodes))
    console = Console(stderr=True, highlight=False)
    with Shell(model) as shell:
        act = Reboot(model, shell, force, lambda name, what: console.print(Text(f"{name}: {what}")))
        if needed:
            asked = act.needed(names)
            print_needs(console, asked)
            names = [name for name, booted in asked.items() if booted and booted.needs]
        planned = act.planned(names, at_once, outside_window)
        if planned.refusals:
            raise NightfleetError("; ".join(planned.refusals), model.site, exit_code=Exit.REFUSED)
        if dry_run or not names:
            typer.echo(jsonlib.dumps(asdict(planned))) if json else print_reboot_plan(planned)
            return
        outcome = act.run(names, planned, outside_window)
    if json:
        typer.echo(jsonlib.dumps({**asdict(outcome), "exit_code": outcome.exit_code}, indent=1))
    else:
        print_outcome(outcome, site)
    raise typer.Exit(outcome.exit_code)


@app.command(epilog="Example: nightfleet node replace lab-w2 --host-key SHA256:...")
def replace(
    node: Name,
    site: SiteName = DEFAULT_SITE,
    host_key: Annotated[
        str, typer.Option("--host-key", metavar="FINGERPRINT", help="As read on the new machine's console.")
    ] = "",
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Let another machine take the place of a lost node, under its name and address.

    Refused (3): a node that is Ready, a host key that nobody confirmed, a control plane without which etcd
    loses its quorum. Run it again to go on where it stopped.
    """
    model = load_site(site_path(site))
    name = one(model, node)
    console = Console(stderr=True, highlight=False)
    with Shell(model) as shell, watching(console) as watcher:
        act = Replace(model, name, shell, watcher)
        planned = act.planned(host_key)
        if planned.refusals:
            raise NightfleetError("; ".join(planned.refusals), name, exit_code=Exit.REFUSED)
        if dry_run:
            steps = [str(step) for step in planned.steps]
            typer.echo(jsonlib.dumps({"node": name, "steps": steps}) if json else "\n".join(steps))
            return
        told = act.run(planned, lambda step: console.print(Text(f"{name}: {step}")))
    if json:
        typer.echo(jsonlib.dumps(asdict(told)))
    elif told.steps:
        typer.echo(f"{name} is another machine now, and Ready ({told.seconds:.1f} s)")
    else:
        typer.echo(f"nothing to do: {name} is Ready, and answers with the key that the site knows")


@app.command("renew-certificates", epilog="Example: nightfleet node renew-certificates --within 90")
def renew_certificates(
    site: SiteName = DEFAULT_SITE,
    within: Annotated[
        int, typer.Option("--within", metavar="DAYS", help="Only where one ends within so many days.")
    ] = WITHIN,
    outside_window: Outside = "",
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Make the certificates of the control planes anew, one machine at a time, and fetch the kubeconfig.

    kubeadm signs for a year. kubelet renews its own. The same by hand: `kubeadm certs renew all` on each
    control plane, then restart etcd, kube-apiserver, kube-controller-manager and kube-scheduler there.
    """
    model = load_site(site_path(site))
    console = Console(stderr=True, highlight=False)
    with Shell(model) as shell:
        act = Renewal(model, shell, lambda name, what: console.print(Text(f"{name}: {what}")))
        planned = act.planned(within, outside_window)
        if planned.refusals:
            raise NightfleetError("; ".join(planned.refusals), model.site, exit_code=Exit.REFUSED)
        if dry_run or not planned.due:
            typer.echo(jsonlib.dumps(asdict(planned))) if json else print_renewal_plan(planned)
            return
        told = act.run(planned)
    if json:
        typer.echo(jsonlib.dumps({**asdict(told), "exit_code": told.exit_code}))
    else:
        print_renewed(told)
    raise typer.Exit(told.exit_code)


def one(site: Site, name: str) -> str:
    """Return a single node's name. NightfleetError for ranges and names that the site does not have."""
    names = choose(site, [name])
    if len(names) != 1:
        raise NightfleetError(f"{name!r} are {len(names)} nodes; this takes one", exit_code=Exit.USAGE)
    return names[0]
