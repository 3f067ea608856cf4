"""The steps of an upgrade, one after another. Each is in the ledger before it begins and when it has ended.

Killed anywhere, the same command makes a new plan from what is observed and goes on with the rest. A control
plane that fails stops it; workers may fail up to a number, and the rest of their wave ends first.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from nightfleet.cluster.etcd import members, why_not_stop
from nightfleet.cluster.nodes import nodes, not_ready
from nightfleet.converge import converge
from nightfleet.errors import NightfleetError
from nightfleet.ledger import Event
from nightfleet.site import Role
from nightfleet.upgrade import kubeadm_config, store
from nightfleet.upgrade.events import Phase
from nightfleet.upgrade.guards import Waived
from nightfleet.upgrade.member import AGAIN, Cluster, empty, judge, settle, still, wait_etcd
from nightfleet.upgrade.plan import WHOLE, Kind, Step
from nightfleet.upgrade.report import UpgradeReport

DEPLOY = "deploys/upgrade.py"
CALM = 180  # seconds for nodes to be Ready before the next step
TakeBackup = Callable[[], str]  # returns its name; NightfleetError when there is none to rely on


def run(there: Cluster, waived: Waived, take_backup: TakeBackup) -> UpgradeReport:
    """Carry out a plan without refusals, and return what came of each node. The caller holds the lock."""
    return _Run(there, waived, take_backup).all_steps()


class _Run:
    """One run of one plan."""

    def __init__(self, there: Cluster, waived: Waived, take_backup: TakeBackup) -> None:
        self.there, self.waived, self.take_backup = there, waived, take_backup
        self.course, self.site, self.plan = there.course, there.site, there.course.plan
        self.folder = store.folder_of(there.site.site, there.course.started)

    def all_steps(self) -> UpgradeReport:
        """Do every step, or stop where one fails or should not be begun."""
        course = self.course
        said = {"accepted": "deprecated APIs"} if self.waived.deprecated else {}
        course.write(WHOLE, Event.BEGUN, note=self.waived.outside_window, **said)
        for name, why in self.plan.left_out.items():
            course.write(Kind.WORKERS, Event.FAILED, name, f"left out: it {why}")
        try:
            for step in self.plan.steps:
                self.do(step)
                self.keep()
                if course.stopped:
                    break
        except NightfleetError as error:
            course.stop(f"{error.where}: {error.what}" if error.where else error.what, error.hint or AGAIN)
        finally:
            report = self.keep()
        whole = not (report.stopped or report.unfinished)
        note = report.stopped or f"not done: {', '.join(report.unfinished)}"
        course.write(WHOLE, Event.DONE if whole else Event.FAILED, note="" if whole else note)
        return report

    def keep(self) -> UpgradeReport:
        """Store the report as it stands."""
        report = self.course.report(self.site.site, tuple(node.name for node in self.site.fleet))
        store.keep(report, self.folder)
        return report

    def do(self, step: Step) -> None:
        """Do one step."""
        match step.kind:
            case Kind.BACKUP:
                self.alone(step, Phase.BACKUP, self.back_up)
            case Kind.IMAGES:
                self.alone(step, Phase.IMAGES, lambda: self.capability("registry", step.nodes))
            case Kind.PROOF:
                self.alone(step, Phase.PROOF, lambda: self.capability("smoke", step.nodes))
            case Kind.CONTROL_PLANE | Kind.WORKERS:
                if why := self.why_wait(step):
                    self.course.stop(why, AGAIN)
                else:
                    self.wave(step)

    def alone(self, step: Step, phase: Phase, act: Callable[[], str]) -> None:
        """Do what belongs to no single node; NightfleetError ends the run."""
        self.course.write(step.kind, Event.BEGUN)
        try:
            with self.course.phase(phase):
                said = act()
        except NightfleetError as error:
            self.course.write(step.kind, Event.FAILED, note=error.what)
            raise
        self.course.write(step.kind, Event.DONE, note=said)

    def back_up(self) -> str:
        self.course.backup = self.take_backup()
        self.course.say("", f"backup: {self.course.backup}")
        return self.course.backup

    def capability(self, name: str, where: Sequence[str]) -> str:
        """Converge one capability on some nodes."""
        report = converge(self.site, where, only=name, on_event=self.course.tell)
        if report.interrupted:
            raise KeyboardInterrupt
        for node in report.nodes:
            judge(node)
        return f"{report.changes} changes"

    def why_wait(self, step: Step) -> str:
        """Say why a step must not begin now: the window has closed, or something is not well any more."""
        zone, now = self.site.base.timezone, datetime.now(UTC)
        if not (self.waived.outside_window or self.site.maintenance.open_at(now, zone)):
            return "the maintenance window has closed"
        known = {*step.nodes, *self.plan.left_out, *self.course.failed}

        def tired() -> str:
            found = not_ready(nodes(self.there.api).values(), but=known)
            return f"not Ready: {', '.join(found)}" if found else ""

        if why := still(tired, CALM):
            return why
        if step.kind is not Kind.CONTROL_PLANE:
            return ""
        planes = [node.name for node in self.site.having(Role.CONTROL_PLANE)]
        wait_etcd(self.there.shell, planes)
        return why_not_stop(members(self.there.shell, planes), step.nodes[0])

    def wave(self, step: Step) -> None:
        """Take the nodes of a step through it, side by side; what fails on one does not stop the others."""
        course, site = self.course, self.site
        with ThreadPoolExecutor(max_workers=min(len(step.nodes), 32)) as side_by_side:

            def each(act: Callable[[str], None], names: Sequence[str]) -> list[str]:
                """Do something with every node; return those where it went well."""

                def tried(name: str) -> bool:
                    try:
                        act(name)
                    except NightfleetError as error:
                        course.end(step.kind, name, error)
                        return False
                    return True

                went = list(side_by_side.map(tried, names))
                return [name for name, well in zip(names, went, strict=True) if well]

            for name in step.nodes:
                course.write(step.kind, Event.BEGUN, name)
            emptied = each(lambda name: empty(self.there, site.node(name)), step.nodes)
            renewed = each(self.judged(emptied), emptied) if emptied else []
            for name in each(lambda name: settle(self.there, site.node(name)), renewed):
                course.end(step.kind, name)
        self.count(step)

    def judged(self, names: Sequence[str]) -> Callable[[str], None]:
        """Give nodes their software in one pyinfra run; return what raises for each that it failed on."""
        first = self.site.first_control_plane
        error: NightfleetError | None = None
        reports = {}
        with self.course.phase(Phase.SOFTWARE, *names):
            try:
                if first.name in names:
                    kubeadm_config.set_tags(self.there.api, first.kubernetes)
                report = converge(
                    self.site, names, deploy=DEPLOY, on_event=self.course.tell, wave_size=max(100, len(names))
                )
                reports = {node.name: node for node in report.nodes}
                if report.interrupted:  # not the nodes' fault, and no further wave may begin
                    raise KeyboardInterrupt
            except NightfleetError as wrong:
                error = wrong

        def judgement(name: str) -> None:
            if error:
                raise error
            judge(reports[name])

        return judgement

    def count(self, step: Step) -> None:
        """Stop when a control plane has failed, or more workers than are tolerated."""
        failed = self.course.failed
        if step.kind is Kind.CONTROL_PLANE and failed:
            name, error = next(iter(failed.items()))
            back = f"; the way back is a restore of {self.course.backup}" if self.course.backup else ""
            self.course.stop(f"{name} failed: {error.what}", f"{error.hint}{back}")
        elif (lost := len(failed) + len(self.plan.left_out)) > self.waived.tolerate:
            self.course.stop(
                f"failed: {', '.join(failed)}",
                f"repair it, then {AGAIN}; or --tolerate {lost} goes on without; or leave the rest behind:"
                " kubelets may be three minors older ('kubernetes:' of their range)",
            )
