"""A replacement carried out; every step is in the ledger, and a run that was cut off goes on."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from nightfleet.cluster import etcd, nodes
from nightfleet.cluster.api import Api
from nightfleet.cluster.ssh import Shell
from nightfleet.converge import converge
from nightfleet.converge.lock import one_operation
from nightfleet.converge.run import OnEvent
from nightfleet.errors import Exit, NightfleetError
from nightfleet.ledger import Event, Ledger
from nightfleet.membership import hostkeys
from nightfleet.membership.replace import ReplacePlan, Step, plan
from nightfleet.membership.watched import control_planes, watch
from nightfleet.site import Site


@dataclass(slots=True)
class Replaced:
    """What came of it."""

    node: str
    steps: list[Step] = field(default_factory=list)
    seconds: float = 0.0
    ready: str = ""


class Replace:
    """One node whose machine is another one now."""

    def __init__(self, site: Site, name: str, shell: Shell, on_event: OnEvent | None = None) -> None:
        self.site, self.name, self.shell, self.on_event = site, name, shell, on_event
        self.node = site.node(name)
        self.api = Api.of(site)
        self.ledger, self.run_name = Ledger.of(site.site), f"replace {name}"

    def planned(self, confirmed: str) -> ReplacePlan:
        """Look at everything and decide."""
        seen = watch(self.site, self.api, self.shell)
        known, shown = hostkeys.known(self.site, self.node), hostkeys.shown(self.site, self.node)
        return plan(self.node, seen, known, shown, confirmed, self._begun())

    def _begun(self) -> bool:
        """Tell whether the new machine was accepted by a run that did not come to its end."""
        done = [e.step for e in self.ledger.entries(self.run_name) if e.event is Event.DONE]
        return Step.DELETE in done[_after_last(done, Step.READY) :]

    def run(self, planned: ReplacePlan, on_step: Callable[[Step], None]) -> Replaced:
        """Carry a plan out. NightfleetError where it stops; the same command goes on."""
        if planned.refusals:
            raise NightfleetError("; ".join(planned.refusals), self.name, exit_code=Exit.REFUSED)
        told, began = Replaced(self.name), time.monotonic()
        with one_operation(self.site.site):
            for step in planned.steps:
                on_step(step)
                self.ledger.append(self.run_name, step, Event.BEGUN, self.name)
                try:
                    self._do(step, planned, told)
                except NightfleetError as error:
                    self.ledger.append(self.run_name, step, Event.FAILED, self.name, str(error))
                    raise
                self.ledger.append(self.run_name, step, Event.DONE, self.name)
                told.steps.append(step)
        told.seconds = round(time.monotonic() - began, 1)
        return told

    def _do(self, step: Step, planned: ReplacePlan, told: Replaced) -> None:
        match step:
            case Step.KEY if planned.key:
                hostkeys.accept(self.site, self.node, planned.key)
            case Step.ETCD:
                others = [name for name in control_planes(self.site) if name != self.name]
                etcd.remove(self.shell, others, self.name)
            case Step.DELETE:
                nodes.delete(self.api, self.name)
            case Step.JOIN:
                self._join()
            case Step.READY:
                told.ready = nodes.wait_ready(self.api, self.name).ready

    def _join(self) -> None:
        """With the first control plane, which labels what has joined, and proves it."""
        both = dict.fromkeys((self.site.first_control_plane.name, self.name))
        report = converge(self.site, both, on_event=self.on_event)
        for node in report.nodes:
            if node.name in report.unfinished:
                raise NightfleetError(node.reason, node.name, node.hint or "nightfleet report last")


def _after_last(words: list[str], word: str) -> int:
    return len(words) - words[::-1].index(word) if word in words else 0
