"""The disks of some nodes, asked over ssh all at once, with the plan for each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nightfleet.cluster.ssh import Said, Shell
from nightfleet.disks import look
from nightfleet.disks.eviction import Thresholds, thresholds
from nightfleet.disks.found import Found
from nightfleet.disks.plan import DiskPlan, plan
from nightfleet.disks.volume import Wish
from nightfleet.site import Site

PATIENCE = 120  # seconds; a disk that spins up takes its time
Opened = Mapping[str, frozenset[str]]  # node -> serials of disks whose content a person gave up


@dataclass(frozen=True, slots=True)
class Surveyed:
    """One node: what was found, and what its layout makes of it; `silent` says why nothing is known."""

    node: str
    found: Found | None = None
    planned: DiskPlan | None = None  # None without a layout
    limits: Thresholds | None = None
    silent: str = ""

    @property
    def refusals(self) -> tuple[str, ...]:
        """Why nothing will be done on this node."""
        return (
            *(self.planned.refusals if self.planned else ()),
            *(self.limits.refusals if self.limits else ()),
        )


def survey(
    site: Site, shell: Shell, names: Sequence[str], opened: Opened | None = None, moving: bool = False
) -> list[Surveyed]:
    """Ask nodes, and plan; nothing is changed."""
    questions = {name: look.question(site.layout(site.node(name))) for name in names}
    answers = shell.map(names, lambda name: shell.run(name, questions[name], seconds=PATIENCE))
    given = opened or {}
    return [judged(site, said, given.get(name, frozenset()), moving) for name, said in answers.items()]


def judged(site: Site, said: Said, opened: frozenset[str], moving: bool = False) -> Surveyed:
    """Make a plan of one node's answer. Pure."""
    name = said.node
    if said.code != 0:
        return Surveyed(name, silent=said.why)
    try:
        found = look.read(said.out.splitlines())
    except (ValueError, KeyError, IndexError) as error:
        return Surveyed(name, silent=f"its answer cannot be read: {error}")
    layout = site.layout(site.node(name))
    if layout is None:
        return Surveyed(name, found)
    planned = plan(found, Wish(site.site, name, layout, opened, moving))
    return Surveyed(name, found, planned, thresholds(planned.by_purpose, site.kubernetes))
