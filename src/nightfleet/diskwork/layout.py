"""Laying disks out: a converge of one capability, with a line in the ledger before and after, per node."""

from collections.abc import Sequence

from nightfleet.converge import ConvergeReport, converge
from nightfleet.converge.report import FINE
from nightfleet.converge.run import OnEvent
from nightfleet.diskwork.survey import Surveyed
from nightfleet.ledger import Event, Ledger
from nightfleet.site import Site

RUN, STEP = "disks", "lay out"


def lay_out(site: Site, surveyed: Sequence[Surveyed], on_event: OnEvent | None = None) -> ConvergeReport:
    """Bring the disks of these nodes to their layout; the report says what came of each."""
    ledger = Ledger.of(site.site)
    busy = [one for one in surveyed if one.planned and one.planned.steps]
    for one in busy:
        told = "; ".join(step.says() for step in one.planned.steps) if one.planned else ""
        ledger.append(RUN, STEP, Event.BEGUN, one.node, steps=told)
    report = converge(site, [one.node for one in surveyed], "disks", False, on_event)
    came = {node.name: node for node in report.nodes}
    for one in busy:
        node = came[one.node]
        done = node.state in FINE
        ledger.append(
            RUN, STEP, Event.DONE if done else Event.FAILED, one.node, "" if done else str(node.reason)
        )
    return report
