"""`nightfleet cloud`: machines on OpenStack by Terraform, with a guard before it."""

import json as json_module
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console

from nightfleet.cli import cloud_backup, cloud_leases, cloud_roll
from nightfleet.cli.cloud_plan import planned, seen
from nightfleet.cli.cloud_show import print_handover, print_judged, watching
from nightfleet.cli.doctor import print_finding, summary
from nightfleet.cli.options import Json, SiteName
from nightfleet.cloud import course
from nightfleet.cloud.project import section
from nightfleet.converge.lock import one_operation
from nightfleet.errors import Exit, NightfleetError
from nightfleet.finding import Status
from nightfleet.home import site_path
from nightfleet.site import Site, load_site
from nightfleet.site.load import load_before_it_is_made

app = typer.Typer(
    name="cloud",
    no_args_is_help=True,
    help="Machines on OpenStack: Terraform behind a guard, leases, volume backups.",
    epilog="Example: nightfleet cloud init, then nightfleet cloud plan, then nightfleet cloud apply",
)
app.add_typer(cloud_leases.app, name="leases")
app.add_typer(cloud_backup.app, name="backup")
app.command("roll", epilog="Example: nightfleet cloud roll --site openstack")(cloud_roll.roll)

SITE = "openstack"
Only = Annotated[
    list[str] | None, typer.Option("--only", metavar="NODE", help="Nothing but this node and its disks.")
]
Allow = Annotated[
    list[str] | None,
    typer.Option("--allow-replace", metavar="NAME", help="Let this node, volume or address be harmed."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="The same as `cloud plan`.")]


@app.command(epilog="Example: nightfleet cloud init --site openstack")
def init(
    site: SiteName = SITE,
    upgrade: Annotated[bool, typer.Option("--upgrade", help="Newer providers and modules.")] = False,
) -> None:
    """Write where the state is kept to backend.tf.json, and prepare Terraform's directory."""
    model = load_before_it_is_made(site_path(site))
    with Console(stderr=True).status("terraform init"):
        path = course.init(model, upgrade)
    typer.echo(f"{path}: the state is kept by {section(model).backend.type!r}")
    typer.echo(f"by hand: {section(model).tool} -chdir={path.parent} init")
    typer.echo(f"next: nightfleet cloud plan{where(site)}")


@app.command(epilog="Example: nightfleet cloud plan --only os-w01")
def plan(
    site: SiteName = SITE,
    only: Only = None,
    allow_replace: Allow = None,
    destroy: Annotated[bool, typer.Option("--destroy", help="What `cloud destroy` would do.")] = False,
    json: Json = False,
) -> None:
    """What an apply would make, what speaks against it, what it needs and costs. Changes nothing.

    Exit codes: 0 it could be applied, or there is nothing to do; 3 refused, and what to do about it.
    """
    model = load_before_it_is_made(site_path(site))
    judged = planned(model, only or (), allow_replace or (), destroy)
    leave(judged, site, json)


@app.command(epilog="Example: nightfleet cloud apply --allow-replace os-w01")
def apply(
    site: SiteName = SITE,
    only: Only = None,
    allow_replace: Allow = None,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Make the machines, and record them for the site. Refused when somebody would lose work.

    May be killed anywhere: the same command goes on, and takes over what the killed one left behind.
    Exit codes: 0 all is made, 1 Terraform failed (what was made stays), 3 refused and nothing touched.
    """
    model = load_before_it_is_made(site_path(site))
    with one_operation(model.site):
        judged = planned(model, only or (), allow_replace or (), go_on=not dry_run)
        carry_out(model, judged, "apply", site, dry_run, json)


@app.command(epilog="Example: nightfleet cloud destroy --everything openstack")
def destroy(
    site: SiteName = SITE,
    everything: Annotated[
        str, typer.Option("--everything", metavar="SITE", help="The site's name: yes, its data too.")
    ] = "",
    allow_replace: Allow = None,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Take every machine, volume and network of the site away. Refused as any apply that harms somebody.

    Exit codes: 0 nothing is left, 1 Terraform failed (the rest is still there), 3 refused.
    """
    model = load_before_it_is_made(site_path(site))
    if everything and everything != model.site:
        raise NightfleetError(
            f"--everything names {everything!r}, the site is {model.site!r}",
            str(model.path),
            "the name is asked for because data goes with it",
            Exit.USAGE,
        )
    with one_operation(model.site):
        judged = planned(model, (), allow_replace or (), destroy=True, go_on=not dry_run)
        if everything:
            judged = course.rejudged(model, judged, seen(model), [course.EVERYTHING])
        carry_out(model, judged, "destroy", site, dry_run, json)


@app.command(epilog="Example: nightfleet cloud output --json")
def output(site: SiteName = SITE, json: Json = False) -> None:
    """Record what Terraform made beside the site file, and show it."""
    model = load_before_it_is_made(site_path(site))
    path = course.record(model)
    if path is None:
        raise NightfleetError(
            "nothing has been made", str(model.path), f"nightfleet cloud apply{where(site)}"
        )
    handover = load_site(site_path(site)).handover
    if json:
        typer.echo(handover.model_dump_json(indent=1, by_alias=True) if handover else "null")
        return
    if handover:
        print_handover(Console(highlight=False), handover)
    typer.echo(f"recorded: {path}")
    typer.echo(f"next: nightfleet converge{where(site)}")


@app.command(epilog="Example: nightfleet cloud doctor")
def doctor(site: SiteName = SITE, json: Json = False) -> None:
    """Credentials, services, quota, images, machines: what is in the way, and the way out. Changes nothing.

    Ends with 1 when something failed.
    """
    from nightfleet.cloud.examine import examine

    model = load_before_it_is_made(site_path(site))
    with Console(stderr=True).status("asking the cloud"):
        findings = examine(model)
    if json:
        typer.echo(json_module.dumps([asdict(finding) for finding in findings], indent=1))
    else:
        for finding in findings:
            print_finding(finding)
        typer.echo(summary(findings))
    failed = any(finding.status is Status.FAIL for finding in findings)
    raise typer.Exit(Exit.FAILED if failed else Exit.DONE)


def carry_out(model: Site, judged: course.Judged, step: str, site: str, dry_run: bool, json: bool) -> None:
    """Apply what was judged safe; print what came of it."""
    if judged.verdict.empty and not dry_run and course.was_killed(model):
        course.conclude(model, step)
    if dry_run or not judged.may_go or judged.verdict.empty:
        leave(judged, site, json)
    err = Console(stderr=True, highlight=False)
    if not json:
        print_judged(err, judged)
    with watching(err, f"terraform {step}", judged.verdict.counts) as watcher:
        course.carry_out(model, judged, step, watcher)
    if json:
        typer.echo(json_module.dumps({"done": step, "counts": judged.verdict.counts}, indent=1))
        return
    after = "converge" if step == "apply" else "cloud plan"
    typer.echo(f"{step}: {', '.join(f'{number} {word}d' for word, number in judged.verdict.counts.items())}")
    typer.echo(f"next: nightfleet {after}{where(site)}")


def leave(judged: course.Judged, site: str, json: bool) -> None:
    """Print the plan and leave: 3 when it is refused."""
    if json:
        typer.echo(json_module.dumps(course.as_json(judged), indent=1))
    else:
        print_judged(Console(highlight=False), judged)
        if judged.may_go and not judged.verdict.empty:
            typer.echo(f"next: nightfleet cloud apply{where(site)}")
    raise typer.Exit(Exit.DONE if judged.may_go else Exit.REFUSED)


def where(site: str) -> str:
    """Return the option that names the site. Everywhere else another one is the default."""
    return f" --site {site}"
