"""`nightfleet cloud`: machines on OpenStack by Terraform, with a guard before it."""

import json as json_module
import shlex
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from nightfleet.cli import cloud_backup, cloud_leases, cloud_roll
from nightfleet.cli.cloud_plan import planned
from nightfleet.cli.cloud_show import print_handover, print_judged, watching
from nightfleet.cli.doctor import print_finding, summary
from nightfleet.cli.options import Json, SiteName, print_json
from nightfleet.cloud import backend, course, record
from nightfleet.cloud.project import section
from nightfleet.converge.lock import one_operation
from nightfleet.errors import Exit, NightfleetError
from nightfleet.finding import Status
from nightfleet.home import site_path
from nightfleet.site import Site
from nightfleet.site.handover import read_handover
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
    migrate: Annotated[
        bool, typer.Option("--migrate-state", help="Take the state along to where cloud.backend says.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be written.")] = False,
    json: Json = False,
) -> None:
    """Write where the state is kept to backend.tf.json, and prepare Terraform's directory.

    Refused (3) when the state is kept elsewhere and would stay behind, or when another site's lies here.
    """
    model = load_before_it_is_made(site_path(site))
    if dry_run:
        said = backend.planned(model, migrate)
        print_json(json_module.loads(said)) if json else typer.echo(said, nl=False)
        return
    with Console(stderr=True).status("terraform init"):
        path = backend.prepare(model, upgrade, migrate)
    kind, tool = section(model).backend.type, section(model).tool
    if json:
        print_json({"file": str(path), "backend": kind})
        return
    typer.echo(f"{path}: the state is kept by {kind!r}")
    typer.echo(f"by hand: {tool} -chdir={path.parent} init")
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
    if only and destroy:
        raise NightfleetError(
            "`cloud destroy` takes everything away, no single node",
            "--only",
            "take the node out of Terraform's configuration, then nightfleet cloud plan --only NODE",
            Exit.USAGE,
        )
    model = load_before_it_is_made(site_path(site))
    judged = planned(model, only or (), allow_replace or (), destroy)
    leave(judged, again("destroy" if destroy else "apply", site, only, allow_replace), json)


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
        carry_out(model, judged, "apply", site, again("apply", site, only, allow_replace), dry_run, json)


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
        judged = planned(model, (), allow_replace or (), destroy=True, go_on=bool(everything) and not dry_run)
        if everything:
            judged = course.allowing_everything(judged)
        next_one = again(course.DESTROY, site, (), allow_replace, everything)
        carry_out(model, judged, course.DESTROY, site, next_one, dry_run, json)


@app.command(epilog="Example: nightfleet cloud output --json")
def output(
    site: SiteName = SITE,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show it, and record nothing.")] = False,
    json: Json = False,
) -> None:
    """Record what Terraform made beside the site file, and show it."""
    model = load_before_it_is_made(site_path(site))
    path = record.record_of(model) if dry_run else record.record(model)
    handover = read_handover(record.kept(model) if dry_run else path.read_text(encoding="utf-8"))
    if json:
        typer.echo(handover.model_dump_json(indent=1, by_alias=True))
        return
    print_handover(Console(highlight=False), handover)
    typer.echo(f"{'would be recorded' if dry_run else 'recorded'}: {path}")
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


def carry_out(
    model: Site, judged: course.Judged, step: str, site: str, command: str, dry_run: bool, json: bool
) -> None:
    """Apply what was judged safe; print what came of it. `command` is how a person would do it."""
    err = Console(stderr=True, highlight=False)
    if judged.verdict.empty and not dry_run and course.was_killed(model):
        tell_aside(err, course.conclude(model, step))
    if dry_run or not judged.may_go or judged.verdict.empty:
        leave(judged, command, json)
    if not json:
        print_judged(err, judged)
    with watching(err, f"terraform {step}", judged.verdict.counts) as watcher:
        aside = course.carry_out(model, judged, step, watcher)
    tell_aside(err, aside)
    if json:
        typer.echo(json_module.dumps({"done": step, "counts": judged.verdict.counts}, indent=1))
        return
    after = "converge" if step == "apply" else "cloud plan"
    typer.echo(f"{step}: {', '.join(f'{number} {word}d' for word, number in judged.verdict.counts.items())}")
    typer.echo(f"next: nightfleet {after}{where(site)}")


def tell_aside(err: Console, aside: Path | None) -> None:
    """Say where the kubeconfig of a cluster went whose machines are gone."""
    if aside:
        err.print(f"the cluster is gone with its machines; its kubeconfig was put aside: {aside}")


def leave(judged: course.Judged, command: str, json: bool) -> None:
    """Print the plan and leave: 3 when it is refused."""
    if json:
        typer.echo(json_module.dumps(course.as_json(judged), indent=1))
    else:
        print_judged(Console(highlight=False), judged)
        if judged.may_go and not judged.verdict.empty:
            typer.echo(f"next: {command}")
    raise typer.Exit(Exit.DONE if judged.may_go else Exit.REFUSED)


def again(
    step: str, site: str, only: Iterable[str] | None, allowed: Iterable[str] | None, everything: str = ""
) -> str:
    """Return the command that carries out what was planned with these options."""
    words = ["nightfleet", "cloud", step]
    words += [word for name in only or () for word in ("--only", name)]
    words += [word for name in allowed or () for word in ("--allow-replace", name)]
    words += ["--everything", everything] if everything else []
    return shlex.join(words) + where(site)


def where(site: str) -> str:
    """Return the option that names the site. Everywhere else another one is the default."""
    return f" --site {shlex.quote(site)}"
