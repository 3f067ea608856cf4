"""A leave carried out: each step in the ledger before and after it; killed anywhere, it goes on."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from nightfleet.cluster import drain, etcd, nodes
from nightfleet.cluster.api import Api
from nightfleet.cluster.ssh import Shell
from nightfleet.converge import converge
from nightfleet.converge.lock import one_operation
from nightfleet.converge.run import OnEvent
from nightfleet.errors import Exit, NightfleetError
from nightfleet.home import state_dir
from nightfleet.ledger import Event, Ledger
from nightfleet.membership import fingerprint, machine
from nightfleet.membership.html import render_leave
from nightfleet.membership.leave import LeavePlan, Step, Wishes, plan
from nightfleet.membership.left import Left
from nightfleet.membership.watched import Watched, control_planes, watch
from nightfleet.site import Site

DEPLOY = "deploys/leave.py"
OnStep = Callable[[Step, str], None]  # a step, and what is happening in it


class Leave:
    """One node's leave: `planned` says what will be done, `run` does it."""

    def __init__(
        self,
        site: Site,
        name: str,
        wishes: Wishes,
        keep: Sequence[str],
        shell: Shell,
        on_event: OnEvent | None = None,
    ) -> None:
        self.site, self.name, self.wishes, self.keep, self.shell = site, name, wishes, keep, shell
        self.on_event = on_event
        self.ledger, self.run_name = Ledger.of(site.site), f"leave {name}"
        self.api = _api(site)
        self.left = Left(name)

    def planned(self) -> LeavePlan:
        """Look at everything and decide."""
        seen = self._seen()
        there = seen is not None and self.name in seen.nodes
        pods = drain.pods_on(self.api, self.name) if there and self.api else []
        looked = machine.look(self.shell, self.site.site, self.name)
        drained = drain.plan_drain(pods, self.wishes.force)
        others = self._others() if seen is None and self.wishes.end else ()
        return plan(self.site, self.name, seen, drained, looked, self.wishes, others)

    def _others(self) -> Sequence[str]:
        """Return the machines that may belong to the cluster; none when it was about to end with this one."""
        mine = self.ledger.entries(self.run_name)
        last = next((entry for entry in reversed(mine) if entry.step == Step.HAND_BACK), None)
        if last and last.data.get("ends") and last.event is not Event.DONE:
            return ()
        return machine.belonging(self.shell, [one.name for one in self.site.fleet if one.name != self.name])

    def run(self, planned: LeavePlan, on_step: OnStep) -> Left:
        """Carry a plan out. NightfleetError(REFUSED) when it holds refusals; stops at the first failure."""
        if planned.refusals:
            raise NightfleetError("\n".join(planned.refusals), self.name, exit_code=Exit.REFUSED)
        began = time.monotonic()
        with one_operation(self.site.site):
            for step in planned.steps:
                since = time.monotonic()
                self._journal(step, Event.BEGUN, ends=planned.ends)
                try:
                    note = self._do(step, planned, on_step)
                except NightfleetError as error:
                    note, self.left.fault = "", str(error)
                self.left.took[step] = round(time.monotonic() - since, 1)
                failed = bool(self.left.fault or self.left.held)
                event = Event.FAILED if failed else Event.DONE
                self._journal(step, event, note or self.left.fault, planned.ends)
                if failed:
                    break
                self.left.steps.append(step)
        self.left.seconds = round(time.monotonic() - began, 1)
        machine.write(report_of(self.site, self.name), render_leave(self.left, datetime.now(UTC)))
        return self.left

    def _do(self, step: Step, planned: LeavePlan, on_step: OnStep) -> str:
        on_step(step, "")
        acts: dict[Step, Callable[[], str]] = {
            Step.REMEMBER: lambda: str(machine.remember(self.shell, self.site.site, self.name)),
            Step.CORDON: lambda: (
                "" if nodes.cordon(self._cluster(), self.name, self.run_name) else "was closed"
            ),
            Step.DRAIN: lambda: self._drain(lambda pod, what: on_step(Step.DRAIN, f"{pod}: {what}")),
            Step.ETCD: self._remove_member,
            Step.DELETE: self._delete,
            Step.HAND_BACK: lambda: self._hand_back(planned.ends),
            Step.PROVE: self._prove,
        }
        return acts[step]()

    def _cluster(self) -> Api:
        if self.api is None:
            raise NightfleetError("there is no cluster to ask", self.site.site)
        return self.api

    def _drain(self, on_pod: drain.OnPod) -> str:
        seconds = self.site.maintenance.drain_timeout
        done = drain.drain(self._cluster(), self.name, seconds, self.wishes.force, on_pod)
        self.left.evicted, self.left.held = done.evicted, done.held
        return "; ".join(f"{pod}: {why}" for pod, why in done.held.items())

    def _remove_member(self) -> str:
        others = [name for name in control_planes(self.site) if name != self.name]
        return etcd.remove(self.shell, others, self.name)

    def _delete(self) -> str:
        nodes.delete(self._cluster(), self.name)
        return ""

    def _hand_back(self, ends: bool) -> str:
        report = converge(self.site, [self.name], on_event=self.on_event, deploy=DEPLOY)
        if report.unfinished:
            node = report.nodes[0]
            raise NightfleetError(node.reason, self.name, node.hint or "nightfleet report last")
        if machine.look(self.shell, self.site.site, self.name).touched:
            raise NightfleetError("something of ours is still on the machine", self.name, "run it again")
        if ends:
            (state_dir(self.site.site) / "kubeconfig").unlink(missing_ok=True)
        return f"{report.changes} changes"

    def _prove(self) -> str:
        before = machine.recorded(self.site.site, self.name)
        after = machine.fingerprint(self.shell, self.name)
        folder = machine.copy_of(self.site.site, self.name).parent
        machine.write(folder / f"{self.name}.after.txt", after)
        compared = fingerprint.compare(fingerprint.read(before), fingerprint.read(after), self.keep)
        self.left.comparison = compared
        return f"{len(compared.differences)} differences in {compared.compared} facts"

    def _seen(self) -> Watched | None:
        if self.api is None:
            return None
        try:
            return watch(self.site, self.api, self.shell)
        except NightfleetError:
            if self.wishes.end:
                return None  # whether it has ended, the ledger or the machines say
            raise

    def _journal(self, step: Step, event: Event, note: str = "", ends: bool = False) -> None:
        data = {"ends": "yes"} if ends else {}
        self.ledger.append(self.run_name, step, event, self.name, note, **data)


def _api(site: Site) -> Api | None:
    """Return the API server, None when no cluster was made from here."""
    return Api.of(site) if (state_dir(site.site) / "kubeconfig").exists() else None


def report_of(site: Site, name: str) -> Path:
    """Return where the report of a leave is kept."""
    return state_dir(site.site) / "leaves" / f"{name}.html"
