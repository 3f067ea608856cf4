"""From the site, what was observed and the ledger to the steps of an upgrade, or why it is refused. Pure.

The steps are those that are missing: after an interruption the same function finds the rest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from nightfleet.ledger import Entry, Event, unfinished
from nightfleet.site import Role, Site
from nightfleet.upgrade import guards
from nightfleet.upgrade.guards import Refusal, Waived
from nightfleet.upgrade.observed import Observed
from nightfleet.upgrade.wish import Change, changes

WHOLE = "upgrade"  # the ledger's step around all others
FRESH = timedelta(hours=24)  # of a backup that this run has made


class Kind(StrEnum):
    """What a step is about; also its name in the ledger."""

    BACKUP = "backup"
    IMAGES = "images"
    CONTROL_PLANE = "control plane"
    WORKERS = "workers"
    PROOF = "proof"


@dataclass(frozen=True, slots=True)
class Step:
    """One step, and the nodes that it is about."""

    kind: Kind
    nodes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """The way to `target`. With refusals nothing is touched."""

    target: str
    running: str  # version of the API server
    steps: tuple[Step, ...]
    changes: Mapping[str, tuple[Change, ...]]  # by node; empty: only to be finished
    left_out: Mapping[str, str]  # workers that are not touched, and why
    refusals: tuple[Refusal, ...]
    warnings: tuple[str, ...]

    @property
    def nothing_to_do(self) -> bool:
        return not (self.steps or self.refusals or self.left_out)

    @property
    def run(self) -> str:
        """Return the name under which the ledger keeps it, and cordons are marked."""
        return run_name(self.target)


def run_name(target: str) -> str:
    """`upgrade 1.36.3`."""
    return f"{WHOLE} {target}"


def make_plan(
    site: Site,
    observed: Observed,
    entries: Sequence[Entry] = (),
    missing: Mapping[str, str] | None = None,
    waived: Waived | None = None,
) -> Plan:
    """Decide the steps, or collect every reason against them. `missing` is what the depot does not have."""
    waived, target = waived or Waived(), site.artifacts.kubernetes
    journal, run = current(entries), run_name(target)
    begun = {entry.node for entry in unfinished(journal)}
    ours = begun | {view.name for view in observed.nodes.values() if view.cordoned_by == run}
    left_out, refused = guards.node_refusals(site, observed, ours, waived)
    todo = {
        node.name: found
        for node in site.fleet
        if node.name in observed.nodes and node.name not in left_out
        if (found := changes(site, node, observed)) or node.name in ours
    }
    planes = [node.name for node in site.having(Role.CONTROL_PLANE) if node.name in todo]
    workers = [name for name in todo if name not in planes]
    refusals = (
        *guards.version_refusals(site, observed),
        *guards.artifact_refusals(site, missing or {}),
        *guards.skew_refusals(site, observed),
        *refused,
        *guards.etcd_refusals(observed, planes),
        *guards.disk_refusals(observed, todo),
        *guards.deprecation_refusals(site, observed, ours, waived),
        *guards.window_refusals(site, observed, waived),
    )
    going = bool(todo or journal)
    return Plan(
        target=target,
        running=observed.api_version,
        steps=tuple(_steps(site, planes, workers, journal, observed.moment)) if going else (),
        changes=todo,
        left_out=left_out,
        refusals=refusals if going else tuple(guards.version_refusals(site, observed)),
        warnings=tuple(guards.warnings(observed, todo)),
    )


def _steps(
    site: Site, planes: Sequence[str], workers: Sequence[str], journal: Sequence[Entry], now: datetime
) -> list[Step]:
    steps = []
    if (planes or workers) and needs_backup(journal, now):
        steps.append(Step(Kind.BACKUP))
    if (planes or workers) and (registry := site.having(Role.REGISTRY)):
        steps.append(Step(Kind.IMAGES, (registry[0].name,)))
    steps += [Step(Kind.CONTROL_PLANE, (name,)) for name in planes]
    size = site.maintenance.at_once
    steps += [
        Step(Kind.WORKERS, tuple(workers[begin : begin + size])) for begin in range(0, len(workers), size)
    ]
    return [*steps, Step(Kind.PROOF, (site.first_control_plane.name,))]


def current(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """Return the lines since the last run to this target was completed."""
    ends = [place for place, entry in enumerate(entries) if (entry.step, entry.event) == (WHOLE, Event.DONE)]
    return tuple(entries[ends[-1] + 1 :] if ends else entries)


def needs_backup(journal: Sequence[Entry], now: datetime) -> bool:
    """Tell whether a backup is due: this run has none that is fresh, nor one from before its first change."""
    made = [entry for entry in journal if (entry.step, entry.event) == (Kind.BACKUP, Event.DONE)]
    if not made:
        return True
    changed = any(entry.step == Kind.CONTROL_PLANE and entry.at > made[0].at for entry in journal)
    return not changed and now - made[-1].at > FRESH
