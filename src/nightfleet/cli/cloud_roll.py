"""`nightfleet cloud roll`: a new image on every node, one after the other."""

from typing import Annotated

import typer
from rich.console import Console

from nightfleet.cli.cloud_plan import planned
from nightfleet.cli.cloud_show import watching
from nightfleet.cli.options import Json, SiteName, print_json
from nightfleet.cloud import course
from nightfleet.cloud.project import cloud_errors, connect, section
from nightfleet.cloud.record import record
from nightfleet.cloud.roll import due, fingerprints, turns, unmade
from nightfleet.cluster.ssh import Shell
from nightfleet.converge import choose
from nightfleet.converge.lock import one_operation
from nightfleet.errors import Exit, NightfleetError
from nightfleet.home import site_path, state_dir
from nightfleet.ledger import Event, Ledger, unfinished
from nightfleet.membership.leave import Wishes
from nightfleet.membership.leaving import Leave
from nightfleet.membership.replacing import Replace
from nightfleet.site import Role, Site, load_site

RUN = "cloud roll"
SITE = "openstack"


def roll(
    nodes: Annotated[
        list[str] | None, typer.Argument(help="Names or ranges; without: all that wait.")
    ] = None,
    site: SiteName = SITE,
    force: Annotated[
        bool, typer.Option("--force", help="End pods, too, that nobody would bring back.")
    ] = False,
    outside_window: Annotated[
        str, typer.Option("--outside-window", metavar="REASON", help="Do it now; the reason is recorded.")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print whose turn it would be.")] = False,
    json: Json = False,
) -> None:
    """Give every node the image that the configuration names: drained, rebuilt, joined again, then the next.

    Workers first. Stops at the first node that does not come back; the same command goes on with it.
    Exit codes: 0 all have it, 1 something failed, 3 refused: a node cannot be drained, or its host key is
    not on its console.
    """
    model = load_site(site_path(site))
    planes = [node.name for node in model.having(Role.CONTROL_PLANE)]
    judged = planned(model, (), ())
    begun = [entry.node for entry in unfinished(Ledger.of(model.site).entries(RUN))]
    waiting, gone, mine = due(judged.changes), unmade(judged.changes), choose(model, nodes)
    names = [name for name in turns(judged.changes, planes, begun) if name in mine]
    if dry_run or not names:
        words = f"in this order: {', '.join(names)}" if names else "nothing to do: every node has its image"
        print_json({"nodes": names}) if json else typer.echo(words)
        return
    done: list[str] = []
    for name in names:
        Turn(model, name, Wishes(force=force, anyway=outside_window)).run(name in waiting, name in gone)
        done.append(name)
    print_json({"nodes": done}) if json else typer.echo(f"a new image: {', '.join(done)}")


class Turn:
    """One node's turn. Each part looks first, so that whoever was killed in the middle goes on."""

    def __init__(self, site: Site, name: str, wishes: Wishes) -> None:
        self.site, self.name, self.wishes = site, name, wishes
        self.ledger, self.err = Ledger.of(site.site), Console(stderr=True, highlight=False)
        self.cluster = (state_dir(site.site) / "kubeconfig").exists()

    def run(self, waits: bool, gone: bool = False) -> None:
        """Drain, rebuild, join again. `waits`: it still has the old image; `gone`: there is no machine."""
        self.ledger.append(RUN, "turn", Event.BEGUN, self.name)
        if waits and self.cluster:
            self.leave()
        if waits or gone:
            self.rebuild()
        else:
            record(self.site)  # whoever rebuilt it may have been killed before this
        self.site = load_site(self.site.path)  # a replaced machine has another id
        if self.cluster:
            self.join()
        self.ledger.append(RUN, "turn", Event.DONE, self.name)

    def leave(self) -> None:
        """See its pods off and take it out of the cluster, unless that was done."""
        with Shell(self.site) as shell:
            act = Leave(self.site, self.name, self.wishes, (), shell)
            plan = act.planned()
            left = act.run(plan, lambda step, what: self.err.print(f"{self.name}: {step} {what}".rstrip()))
        if left.fault:
            raise NightfleetError(left.fault, self.name, "the same command goes on")
        if left.held:
            why = f"these pods did not leave in time: {', '.join(left.held)}"
            raise NightfleetError(why, self.name, "the same command goes on", Exit.REFUSED)

    def rebuild(self) -> None:
        """Let Terraform give this machine the new image, and touch no other."""
        with one_operation(self.site.site):
            judged = planned(self.site, [self.name], (), go_on=True)
            if not judged.may_go:
                whats = [*(refusal.what for refusal in judged.verdict.refusals), *judged.budget.shortages]
                raise NightfleetError("; ".join(whats), self.name, "nightfleet cloud plan", Exit.REFUSED)
            with watching(self.err, f"a new image for {self.name}", judged.verdict.counts) as watcher:
                course.carry_out(self.site, judged, "apply", watcher)

    def join(self) -> None:
        """Bring it back once the cloud itself says which host keys the new machine has."""
        written = fingerprints(console_of(self.site, self.name))
        with Shell(self.site) as shell:
            act = Replace(self.site, self.name, shell)
            plans = [act.planned(key) for key in written or ("",)]
            plan = next((one for one in plans if not one.refusals), plans[0])
            if plan.refusals:
                hint = f"nightfleet node replace {self.name} --host-key FINGERPRINT, then the same command"
                raise NightfleetError("; ".join(plan.refusals), self.name, hint, Exit.REFUSED)
            act.run(plan, lambda step: self.err.print(f"{self.name}: {step}"))


def console_of(site: Site, name: str) -> str:
    """Return what a node's machine wrote on its console since it booted."""
    server = site.handover.nodes[name].instance_id if site.handover else name
    way = "nightfleet cloud output records the machines anew, then the same command"
    with cloud_errors(name, "its console cannot be read", way):
        said = connect(section(site)).compute.get_server_console_output(server)
    return str(said.get("output", ""))
