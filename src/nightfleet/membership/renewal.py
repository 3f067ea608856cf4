"""Certificates of control planes made anew, one machine at a time; the operator's own with them."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from nightfleet.cluster import etcd
from nightfleet.cluster.api import Api
from nightfleet.cluster.certificates import Certificate, certificates, first_to_end
from nightfleet.cluster.ssh import Shell
from nightfleet.converge.lock import one_operation
from nightfleet.errors import Exit, NightfleetError
from nightfleet.home import state_dir
from nightfleet.ledger import Event, Ledger, unfinished
from nightfleet.membership.machine import write
from nightfleet.membership.watched import Watched, control_planes, watch
from nightfleet.site import Site

RUN = "renew certificates"
STEP = "renew"
SCRIPT = (Path(__file__).parent / "templates" / "renew.sh").read_text(encoding="utf-8")
WITHIN = 90  # days: who has less left is renewed
SETTLE = 180  # seconds until every member of etcd is healthy again
SECONDS = 900  # for one machine: four programs, each given three minutes
OnNode = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class RenewalPlan:
    """Who is renewed, in this order, and why; or reasons to refuse."""

    due: Mapping[str, str]
    left: Mapping[str, int]  # days, of each control plane's certificate that ends first
    refusals: tuple[str, ...] = ()


@dataclass(slots=True)
class Renewed:
    """Days left by node, before and after; a fault ends it."""

    before: dict[str, int] = field(default_factory=dict)
    after: dict[str, int] = field(default_factory=dict)
    fault: str = ""
    not_begun: tuple[str, ...] = ()

    @property
    def exit_code(self) -> Exit:
        """0: all are; 4: some are not."""
        return Exit.PARTLY if self.fault else Exit.DONE


def plan(
    found: Mapping[str, tuple[Certificate, ...] | str],
    seen: Watched | None,
    now: datetime,
    within: int = WITHIN,
    cut_off: Sequence[str] = (),
    anyway: str = "",
) -> RenewalPlan:
    """Decide. `cut_off` are nodes where a killed run had begun; `seen` is None when the API does not answer
    (its certificates may have ended, and then nothing else can bring it back). Pure."""
    due, left, refusals = {}, {}, []
    for name, some in found.items():
        if isinstance(some, str):
            refusals.append(f"{name} could not be asked: {some}")
            continue
        first = first_to_end(one for one in some if one.by_kubeadm)
        if first is None:
            continue
        left[name] = first.days(now)
        if name in cut_off:
            due[name] = "a renewal was cut off"
        elif left[name] < within:
            due[name] = f"{Path(first.path).name} is good for {left[name]} days"
    if due and seen:
        refusals += [
            f"{why}; bring the others back first: nightfleet doctor"
            for name in due
            if (why := etcd.why_not_stop(seen.members, name))
        ]
        if seen.window and not anyway:
            refusals.append(f"{seen.window}; wait, or give a reason with --outside-window")
    return RenewalPlan(due, left, tuple(refusals))


class Renewal:
    """A renewal on the control planes of a site."""

    def __init__(self, site: Site, shell: Shell, on_node: OnNode = lambda _n, _w: None) -> None:
        self.site, self.shell, self.on_node = site, shell, on_node
        self.ledger = Ledger.of(site.site)

    def planned(self, within: int = WITHIN, anyway: str = "") -> RenewalPlan:
        """Look at every control plane that is in the cluster, and decide."""
        seen = self._seen()
        names = [name for name in control_planes(self.site) if seen is None or name in seen.nodes]
        found = certificates(self.shell, names)
        cut_off = [entry.node for entry in unfinished(self.ledger.entries(RUN))]
        return plan(found, seen, datetime.now(UTC), within, cut_off, anyway)

    def run(self, planned: RenewalPlan) -> Renewed:
        """Renew one machine after another; the first fault ends it."""
        if planned.refusals:
            raise NightfleetError("; ".join(planned.refusals), self.site.site, exit_code=Exit.REFUSED)
        told = Renewed(before=dict(planned.left))
        names = list(planned.due)
        with one_operation(self.site.site):
            for number, name in enumerate(names):
                self.ledger.append(RUN, STEP, Event.BEGUN, name, planned.due[name])
                try:
                    self._one(name)
                except NightfleetError as error:
                    told.fault, told.not_begun = str(error), tuple(names[number + 1 :])
                    self.ledger.append(RUN, STEP, Event.FAILED, name, str(error))
                    break
                self.ledger.append(RUN, STEP, Event.DONE, name)
        again = plan(certificates(self.shell, planned.left), None, datetime.now(UTC))
        told.after = dict(again.left)
        return told

    def _one(self, name: str) -> None:
        self.on_node(name, "its certificates are made anew, its control plane restarts")
        self.shell.ask(name, "sh -s", stdin=SCRIPT, seconds=SECONDS)
        write(
            state_dir(self.site.site) / "kubeconfig", self.shell.ask(name, "cat /etc/kubernetes/admin.conf")
        )
        api = Api.of(self.site)
        api.text("/readyz")
        in_cluster = [one for one in control_planes(self.site) if api.find(f"/api/v1/nodes/{one}")]
        self._whole(name, in_cluster)
        self.on_node(name, "renewed; the API server and etcd are well")

    def _whole(self, name: str, in_cluster: Sequence[str]) -> None:
        """Wait until every member of etcd is healthy: one that has just begun again takes its time."""
        end = time.monotonic() + SETTLE
        while sick := [one.name for one in etcd.members(self.shell, in_cluster) if not one.healthy]:
            if time.monotonic() > end:
                what = f"etcd on {', '.join(sick)} is not healthy {SETTLE} s after it"
                raise NightfleetError(what, name, "nightfleet doctor")
            time.sleep(1)

    def _seen(self) -> Watched | None:
        try:
            return watch(self.site, Api.of(self.site, 15), self.shell)
        except NightfleetError:
            return None
