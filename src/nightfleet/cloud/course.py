"""One way of a plan from Terraform to the cloud: made, judged, carried out, recorded. May be killed anywhere.

Before the act a line goes into the ledger, after it another. A begun line without an end means that
somebody was killed in between. What that apply, or one that failed, left behind is taken into the state
before a new plan is made.
"""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from nightfleet.cloud import backend, leftovers, orphans
from nightfleet.cloud.beside import write
from nightfleet.cloud.budget import Budget, Room, budget
from nightfleet.cloud.guard import Refusal, Verdict, busy, judge
from nightfleet.cloud.harm import harms
from nightfleet.cloud.occupied import Occupied
from nightfleet.cloud.only import targets
from nightfleet.cloud.orphans import Adoption, import_blocks
from nightfleet.cloud.planfile import Action, Change, read_plan
from nightfleet.cloud.project import section
from nightfleet.cloud.record import forget, record
from nightfleet.cloud.stream import Line
from nightfleet.cloud.terraform import Terraform
from nightfleet.errors import NightfleetError
from nightfleet.home import state_dir
from nightfleet.ledger import Entry, Event, Ledger
from nightfleet.site import Site

RUN = "cloud"
DESTROY = "destroy"  # the step that takes everything away
ADOPTED = "nightfleet-adopted.tf.json"  # beside the configuration, while a plan is made
OnLine = Callable[[Line], None]


@dataclass(frozen=True, slots=True)
class Judged:
    """A plan that lies in `file`, what it would do, and what speaks against it."""

    file: Path
    changes: tuple[Change, ...]
    verdict: Verdict
    budget: Budget
    document: dict[str, Any]
    occupied: Occupied  # who works where, as it was asked
    held: tuple[Refusal, ...] = ()  # what the cloud would refuse in the middle, whoever allows it

    @property
    def may_go(self) -> bool:
        """Whether nobody loses work by it, and the project has room for it."""
        return self.verdict.safe and self.budget.fits


def as_json(judged: Judged) -> dict[str, Any]:
    """Return a plan for machines: no values of resources, which may be secrets."""
    return {
        "changes": [
            {"address": one.address, "action": one.action, "changed": list(one.changed or one.forced_by)}
            for one in judged.changes
            if one.action is not Action.NOTHING
        ],
        "verdict": asdict(judged.verdict),
        "budget": asdict(judged.budget),
        "may_go": judged.may_go,
    }


def make_plan(
    site: Site,
    occupied: Occupied,
    room: Room,
    allowed: Collection[str] = (),
    only: Sequence[str] = (),
    destroy: bool = False,
    on_line: OnLine = lambda _line: None,
    adopted: Sequence[Adoption] = (),
) -> Judged:
    """Let Terraform plan, and judge it; `adopted` come into the state by it. Changes nothing on the cloud."""
    backend.check(site)
    cloud, terraform = section(site), Terraform.of(site)
    file = state_dir(site.site) / "cloud.tfplan"
    with taking_over(terraform.directory, adopted):
        chosen: Sequence[str] = ()
        if only:
            terraform.plan(file, destroy=destroy, on_line=on_line)
            chosen = targets(read_plan(terraform.show(file), str(file)), only)
        terraform.plan(file, chosen, destroy, on_line)
    document = terraform.show(file)
    changes = read_plan(document, str(file))
    fresh = frozenset(one.address for one in adopted)
    verdict = judge(changes, occupied, cloud.limits.harmed_nodes, allowed, fresh)
    return Judged(file, changes, verdict, budget(changes, room, cloud.prices), document, occupied)


def holding(judged: Judged, held: Iterable[Refusal]) -> Judged:
    """Return the same with what the cloud would refuse. Pure."""
    held = tuple(held)
    refusals = (*judged.verdict.refusals, *held)
    return replace(judged, held=held, verdict=replace(judged.verdict, refusals=refusals))


def allowing_everything(judged: Judged) -> Judged:
    """Return the same for a person who named the site, and no node: whose work goes with it is told. Pure."""
    found = harms(judged.changes)
    verdict = judge(judged.changes, judged.occupied, len(judged.changes), {harm.owner for harm in found})
    lost = tuple(refusal.what for refusal in busy(found, judged.occupied))
    verdict = replace(verdict, warnings=(*verdict.warnings, *lost))
    return holding(replace(judged, verdict=verdict), judged.held)


def killed_since(entries: Iterable[Entry]) -> datetime | None:
    """Return when the first of those began that were killed or failed, since the last that was done. Pure.

    The cloud may have made what one that failed has not heard of: an answer that was lost on the way.
    """
    since = None
    for entry in entries:
        if entry.event is Event.DONE:
            since = None
        elif entry.event is Event.BEGUN:
            since = since or entry.at
    return since


def was_killed(site: Site) -> datetime | None:
    """Return since when something that was killed may lie about; None when nothing was."""
    return killed_since(Ledger.of(site.site).entries(RUN))


def left_behind(judged: Judged, connection: Any, since: datetime) -> tuple[Adoption, ...]:
    """Return what an apply that broke off left behind and the plan would make again."""
    known = orphans.known_ids(judged.document)
    kinds = {change.type for change in judged.changes if change.action is Action.CREATE}
    found = orphans.adoptions(judged.changes, leftovers.there(connection, since, kinds), known)
    found += orphans.attachments(judged.changes, leftovers.attached(connection))
    return found


@contextmanager
def taking_over(directory: Path, adopted: Sequence[Adoption]) -> Iterator[None]:
    """Keep `import` blocks beside the configuration while a plan is made; the plan then holds them."""
    path = directory / ADOPTED
    path.unlink(missing_ok=True)  # of a plan that was killed: what it names may be gone
    if adopted:
        write(path, json.dumps(import_blocks(adopted), indent=2) + "\n")
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def take_in(site: Site, adopted: Sequence[Adoption], on_line: OnLine = lambda _line: None) -> None:
    """Take what an apply left behind into the state at once: a plan to destroy looks at no `import` block.

    The ledger's begun line stays without an end until the destroy is done, so this may be killed as well.
    """
    terraform, file = Terraform.of(site), state_dir(site.site) / "cloud.tfplan"
    with taking_over(terraform.directory, adopted):
        terraform.plan(file, [one.address for one in adopted], on_line=on_line)
        try:
            terraform.apply(file, on_line)
        finally:
            file.unlink(missing_ok=True)


def carry_out(
    site: Site, judged: Judged, step: str = "apply", on_line: OnLine = lambda _line: None
) -> Path | None:
    """Apply a plan that was judged, with its lines in the ledger; return what `conclude` does."""
    backend.check(site)
    ledger = Ledger.of(site.site)
    counts = {name: str(number) for name, number in judged.verdict.counts.items()}
    ledger.append(RUN, step, Event.BEGUN, note=", ".join(judged.verdict.allowed), **counts)
    try:
        Terraform.of(site).apply(judged.file, on_line)
    except NightfleetError as error:
        ledger.append(RUN, step, Event.FAILED, note=error.what[:300])
        raise
    finally:
        judged.file.unlink(missing_ok=True)  # it holds what the state holds
    return conclude(site, step)


def conclude(site: Site, step: str = "apply") -> Path | None:
    """Record what there is, and that it is done; whoever made it may have been killed just before this.

    Return where the kubeconfig of a cluster lies whose machines are all destroyed.
    """
    aside = None
    if step == DESTROY and not json.loads(Terraform.of(site).output()):
        aside = forget(site)
    else:
        record(site)
    Ledger.of(site.site).append(RUN, step, Event.DONE)
    return aside
