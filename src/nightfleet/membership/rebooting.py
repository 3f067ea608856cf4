"""Reboots carried out: a wave at a time, each machine proven by another boot id, never by its uptime.

A node is emptied, its boot id remembered in the ledger, and awaited for at most maintenance.return_timeout
seconds; one that does not come back stays closed and is reported, and no further wave begins.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from nightfleet.cluster import drain, etcd, nodes
from nightfleet.cluster.api import Api
from nightfleet.cluster.ssh import Said, Shell
from nightfleet.converge.lock import one_operation
from nightfleet.errors import Exit, NightfleetError
from nightfleet.home import state_dir
from nightfleet.ledger import Event, Ledger
from nightfleet.membership import reboot
from nightfleet.membership.reboot import BOOT, RUN, WHOLE, Booted, RebootPlan
from nightfleet.membership.watched import control_planes, watch
from nightfleet.site import Site

ASK = (Path(__file__).parent / "templates" / "booted.sh").read_text(encoding="utf-8")
GO = "systemctl --no-block reboot"
OnNode = Callable[[str, str], None]  # a node, and what is happening to it


@dataclass(slots=True)
class Rebooted:
    """What came of one machine; `fault` says what is still missing."""

    node: str
    before: str = ""  # boot ids
    after: str = ""
    kernel: str = ""
    evicted: tuple[str, ...] = ()
    failed_units: tuple[str, ...] = ()
    seconds: float = 0.0  # from the order to reboot until Ready
    fault: str = ""


@dataclass(slots=True)
class Outcome:
    """What came of all of them; `not_begun` are the nodes of waves that never began."""

    nodes: list[Rebooted] = field(default_factory=list)
    not_begun: list[str] = field(default_factory=list)
    skipped: tuple[str, ...] = ()

    @property
    def exit_code(self) -> Exit:
        """0: all are back; 4: some are not."""
        return Exit.PARTLY if self.not_begun or any(one.fault for one in self.nodes) else Exit.DONE


class Reboot:
    """Reboots of some nodes of a site."""

    def __init__(
        self, site: Site, shell: Shell, force: bool = False, on_node: OnNode = lambda _n, _w: None
    ) -> None:
        self.site, self.shell, self.force, self.on_node = site, shell, force, on_node
        self.ledger = Ledger.of(site.site)
        kubeconfig = state_dir(site.site) / "kubeconfig"
        patience = float(site.maintenance.return_timeout)  # the API server itself may be what reboots
        self.api = Api.of(site, patience) if kubeconfig.exists() else None

    def needed(self, names: Sequence[str]) -> Mapping[str, Booted | None]:
        """Ask machines whether somebody wants them to reboot; None for those that do not answer."""
        said = self.shell.each(names, ASK, seconds=30)
        return {name: _booted(answer) for name, answer in said.items()}

    def planned(self, names: Sequence[str], at_once: int = 0, anyway: str = "") -> RebootPlan:
        """Look at everything and decide."""
        seen = watch(self.site, self.api, self.shell) if self.api else None
        drains = {
            name: drain.plan_drain(drain.pods_on(self.api, name), self.force)
            for name in names
            if self.api and seen and name in seen.nodes
        }
        done = reboot.interrupted(self.ledger.entries(RUN), names)
        asked = {} if self.api else self.needed(names)
        blind = [name for name, booted in asked.items() if booted and booted.joined]
        return reboot.plan(self.site, names, seen, drains, at_once, anyway, self.force, done, blind)

    def run(self, names: Sequence[str], planned: RebootPlan, anyway: str = "") -> Outcome:
        """Carry a plan out; no wave begins after one that is not back whole."""
        if planned.refusals:
            raise NightfleetError("; ".join(planned.refusals), exit_code=Exit.REFUSED)
        outcome = Outcome(skipped=planned.skipped)
        with one_operation(self.site.site):
            self.ledger.append(RUN, WHOLE, Event.BEGUN, note=anyway, nodes=" ".join(names))
            for number, wave in enumerate(planned.waves):
                with ThreadPoolExecutor(len(wave)) as pool:
                    outcome.nodes += pool.map(self._one, wave)
                if any(one.fault for one in outcome.nodes):
                    outcome.not_begun = [name for later in planned.waves[number + 1 :] for name in later]
                    break
            failed = outcome.exit_code is not Exit.DONE
            self.ledger.append(RUN, WHOLE, Event.FAILED if failed else Event.DONE)
        return outcome

    def _one(self, name: str) -> Rebooted:
        told = Rebooted(name)
        began = time.monotonic()
        try:
            self._empty(name, told)
            began = time.monotonic()
            self._boot(name, told)
            self._ready(name, told, began)
        except NightfleetError as error:
            told.fault = str(error)
        told.seconds = round(time.monotonic() - began, 1)
        self.ledger.append(
            RUN, BOOT, Event.FAILED if told.fault else Event.DONE, name, told.fault, boot_id=told.after
        )
        self.on_node(name, told.fault or f"is back after {told.seconds:.1f} s")
        return told

    def _empty(self, name: str, told: Rebooted) -> None:
        """Keep pods away and see them off; a control plane only while etcd can do without it."""
        if name in control_planes(self.site):
            self._spared(name)
        if self.api is None or nodes.node(self.api, name) is None:
            return
        nodes.cordon(self.api, name, RUN)
        self.on_node(name, "closed; its pods leave")
        seconds = self.site.maintenance.drain_timeout
        done = drain.drain(self.api, name, seconds, self.force)
        told.evicted = done.evicted
        if done.held:
            held = "; ".join(f"{pod}: {why}" for pod, why in done.held.items())
            nodes.uncordon(self.api, name, RUN)
            raise NightfleetError(
                f"pods did not leave within {seconds} s: {held}", name, "it was not rebooted"
            )

    def _spared(self, name: str) -> None:
        """Wait until etcd can do without this member: the one before it may still be catching up."""
        if self.api is None:
            return
        end = time.monotonic() + self.site.maintenance.return_timeout
        while why := etcd.why_not_stop(etcd.members(self.shell, control_planes(self.site)), name):
            if time.monotonic() > end:
                raise NightfleetError(why, name, "nightfleet doctor")
            time.sleep(1)

    def _boot(self, name: str, told: Rebooted) -> None:
        """Order the reboot and wait for another boot; one that a killed run ordered is only awaited."""
        now = _booted(self.shell.run(name, ASK, seconds=30))
        before = reboot.pending(self.ledger.entries(RUN), name)
        if now is None and not before:
            raise NightfleetError(
                "it does not answer, so nobody can reboot it from here", name, "nightfleet doctor"
            )
        expected = now.expected if now else ""
        if now and before in ("", now.boot_id):
            before = now.boot_id
            self.ledger.append(RUN, BOOT, Event.BEGUN, name, boot_id=before, kernel=expected)
            self.on_node(name, f"reboots (boot {before[:8]})")
            self.shell.run(name, GO, seconds=30)  # the connection may break before it answers
        told.before = before
        back = self._back(name, before, expected)
        told.after, told.kernel, told.failed_units = back.boot_id, back.kernel, back.failed

    def _back(self, name: str, before: str, expected: str) -> Booted:
        patience = self.site.maintenance.return_timeout
        end = time.monotonic() + patience
        while True:
            self.shell.forget(name)
            now = _booted(self.shell.run(name, ASK, seconds=20))
            why = reboot.why_not_back(before, expected or (now.expected if now else ""), now)
            if not why and now:
                return now
            if time.monotonic() > end:
                hint = (
                    "look at its console; the node stays closed to pods until it is back and rebooted again"
                )
                raise NightfleetError(f"not back within {patience} s: {why}", name, hint)
            time.sleep(1)

    def _ready(self, name: str, told: Rebooted, began: float) -> None:
        """Wait until the API server has heard of the new boot; open the node again if we had closed it."""
        if self.api is None or nodes.node(self.api, name) is None:
            return
        end = began + self.site.maintenance.return_timeout
        while (view := nodes.node(self.api, name)) is not None:
            # what kubelet said before the reboot still counts as Ready for a while
            if view.ready == "True" and view.boot_id == told.after:
                break
            if time.monotonic() > end:
                raise NightfleetError(
                    f"rebooted, and not Ready since: Ready is {view.ready}",
                    name,
                    f"on {name}: journalctl -u kubelet -u containerd",
                )
            time.sleep(1)
        nodes.uncordon(self.api, name, RUN)


def _booted(said: Said) -> Booted | None:
    try:
        return reboot.read_booted(said.out) if said.code == 0 else None
    except KeyError:
        return None
