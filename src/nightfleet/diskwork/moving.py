"""A move carried out: drain, stop, copy, mount, start, open. Killed anywhere, the same command goes on."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from nightfleet.cluster import drain, nodes
from nightfleet.cluster.api import Api
from nightfleet.cluster.ssh import Shell
from nightfleet.converge import converge
from nightfleet.converge.lock import one_operation
from nightfleet.converge.report import FINE
from nightfleet.disks.steps import script as layout_script
from nightfleet.diskwork.move import Here, MovePlan, Step, plan_back, plan_move, read_here, script
from nightfleet.diskwork.survey import Surveyed, survey
from nightfleet.errors import Exit, NightfleetError
from nightfleet.home import state_dir
from nightfleet.ledger import Event, Ledger
from nightfleet.site import Site
from nightfleet.site.nodes import Role

RUN = "disks migrate"
WORDS = (Path(__file__).parent / "templates" / "move.sh").read_text(encoding="utf-8")
HOURS_6 = 21600.0
OnStep = Callable[[Step, str], None]


@dataclass(frozen=True, slots=True)
class Wishes:
    """How a person wants it. `anyway` is a reason to do it outside the windows."""

    pull: bool = False
    force: bool = False
    anyway: str = ""


class Move:
    """The move of one node."""

    def __init__(self, site: Site, name: str, wishes: Wishes, shell: Shell) -> None:
        self.site, self.name, self.wishes, self.shell = site, name, wishes, shell
        self.ledger = Ledger.of(site.site)
        self.api = Api.of(site) if (state_dir(site.site) / "kubeconfig").exists() else None
        self.surveyed: Surveyed | None = None

    def planned(self) -> MovePlan:
        """Look at the node and decide."""
        (self.surveyed,) = survey(self.site, self.shell, [self.name], moving=True)
        view, here = self._view(), self._here()
        plane = here.member and self.site.node(self.name).has(Role.CONTROL_PLANE)
        return plan_move(
            self.surveyed,
            here,
            plane or (view is not None and view.control_plane),
            view is not None,
            self.wishes.pull,
            "" if self.wishes.anyway else self._window(),
        )

    def planned_back(self) -> MovePlan:
        """Look at the node and decide how its move is given up."""
        view = self._view()
        return plan_back(self.name, self._here(), view is not None and view.cordoned_by == RUN)

    def _view(self) -> nodes.NodeView | None:
        return nodes.node(self.api, self.name) if self.api else None

    def _here(self) -> Here:
        return read_here(self.shell.ask(self.name, f"{WORDS}\nlook", seconds=600).splitlines())

    def _window(self) -> str:
        now, timezone = datetime.now(UTC), self.site.base.timezone
        if self.site.maintenance.open_at(now, timezone):
            return ""
        opens = self.site.maintenance.next_opening(now, timezone)
        return f"this is outside the maintenance windows; the next one opens on {opens:%a %Y-%m-%d at %H:%M}"

    def run(self, planned: MovePlan, told: OnStep) -> None:
        """Carry the steps out, each with a line in the ledger before and after."""
        if planned.refusals:
            raise NightfleetError("; ".join(planned.refusals), self.name, "nothing was done", Exit.REFUSED)
        with one_operation(self.site.site):
            for step in planned.steps:
                self.ledger.append(RUN, step.name.lower(), Event.BEGUN, self.name, self.wishes.anyway)
                told(step, "")
                try:
                    self._do(step, planned)
                except NightfleetError as error:
                    self.ledger.append(RUN, step.name.lower(), Event.FAILED, self.name, error.what)
                    if step in (Step.MAKE, Step.HOLD, Step.COPY):
                        back = f"nightfleet disks migrate --back {self.name} --site {self.site.site}"
                        error.hint = f"put that right and run it again, or give the move up: {back}"
                    raise
                self.ledger.append(RUN, step.name.lower(), Event.DONE, self.name)

    def _do(self, step: Step, planned: MovePlan) -> None:
        match step:
            case Step.CLOSE:
                self._close()
            case Step.MAKE:
                steps = self.surveyed.planned.steps if self.surveyed and self.surveyed.planned else ()
                if steps:
                    self.shell.ask(self.name, layout_script(steps), seconds=HOURS_6)
            case Step.MOUNT:
                self._mount()
            case Step.OPEN:
                if self.api and self._view():
                    nodes.wait_ready(self.api, self.name)
                    nodes.uncordon(self.api, self.name, RUN)
            case _:
                text = script(WORDS, step, planned.volumes, self.wishes.pull)
                self.shell.ask(self.name, text, seconds=HOURS_6)

    def _close(self) -> None:
        """Keep pods away and see them off, within their budgets."""
        if self.api is None or self._view() is None:
            return
        nodes.cordon(self.api, self.name, RUN)
        seconds = self.site.maintenance.drain_timeout
        done = drain.drain(self.api, self.name, seconds, self.wishes.force)
        if done.held:
            held = "; ".join(f"{pod}: {why}" for pod, why in done.held.items())
            nodes.uncordon(self.api, self.name, RUN)
            raise NightfleetError(
                f"pods did not leave within {seconds} s: {held}", self.name, "nothing was moved"
            )

    def _mount(self) -> None:
        report = converge(self.site, [self.name], "disks")
        (node,) = report.nodes
        if node.state not in FINE:
            raise NightfleetError(
                f"the new filesystems are not mounted: {node.reason}",
                self.name,
                "put that right and run it again; the old folders are kept as *.nightfleet-old",
            )
