"""Bring a lab up: from whatever is there to every host running and reachable. Again, it changes nothing."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nightfleet.errors import Exit, NightfleetError
from nightfleet.lab import lock, machine, network, packages, preflight, rootfs, services, ssh, sysctls
from nightfleet.lab.events import Event, OnEvent, silent
from nightfleet.lab.host import Host, host
from nightfleet.lab.layout import LOCKS, STATE, Layout
from nightfleet.lab.machine import LabFacts
from nightfleet.lab.process import replace
from nightfleet.lab.spec import HostSpec, LabSpec, from_json, to_json
from nightfleet.lab.state import State

_READY_SECONDS = 120
_ASK_SECONDS = 30  # an emulated machine takes ten for one ssh
_AT_ONCE = 8
# On cgroup v1, systemd may remove the group of a unit just as it starts it: status 219 (CGROUP).
_START_AGAIN = """\
for unit in $(systemctl list-units --failed --plain --no-legend | cut -d' ' -f1); do
  [ "$(systemctl show --value --property=ExecMainStatus "$unit")" != 219 ] || systemctl restart "$unit"
done"""


@dataclass(frozen=True, slots=True)
class HostUp:
    """How one host came to be running; `fault` tells why it did not."""

    name: str
    address: str
    outcome: Literal["already running", "created", "started", "failed"]
    seconds: float
    fault: str = ""


@dataclass(frozen=True, slots=True)
class UpReport:
    hosts: tuple[HostUp, ...]
    warnings: tuple[str, ...]
    packages_installed: tuple[str, ...]
    services_started: tuple[str, ...]
    seconds: float

    @property
    def failed(self) -> tuple[HostUp, ...]:
        return tuple(one for one in self.hosts if one.outcome == "failed")

    @property
    def changed(self) -> bool:
        return bool(self.services_started) or any(one.outcome != "already running" for one in self.hosts)


def up(spec: LabSpec, on_event: OnEvent = silent) -> UpReport:
    """Refuse before anything is touched what the machine cannot carry; a host that fails is in the report."""
    begun = time.monotonic()
    layout = Layout(spec.name)
    facts = machine.gather()
    verdict = preflight.check(spec, facts, layout)
    verdict.raise_if_refused()
    with lock.exclusive(layout.lock, f"lab {spec.name}"):
        missing = packages.missing(facts)
        if missing:
            packages.install_packages(missing, on_event)
            facts = machine.gather()
            preflight.check(spec, facts, layout).raise_if_refused()
        _write_state(spec, layout)
        base = rootfs.ensure(rootfs.recipe(facts), on_event)
        _prepare_machine(spec, layout, facts, on_event)
        hosts = _boot_all(spec, layout, facts, base, on_event)
        started = services.restart_dead(layout)
    return UpReport(hosts, verdict.warnings, missing, started, time.monotonic() - begun)


def _write_state(spec: LabSpec, layout: Layout) -> None:
    """What the lab is, kept for status, ssh and down; a host that exists cannot become another one."""
    if layout.spec.exists():
        before = from_json(layout.spec.read_text())
        refuse_changes(before, spec)
        if before == spec:
            return
    STATE.mkdir(parents=True, exist_ok=True)
    layout.dir.mkdir(mode=0o700, exist_ok=True)
    replace(layout.spec, to_json(spec))


def refuse_changes(before: LabSpec, after: LabSpec) -> None:
    changed = [one.name for one in after.hosts if (old := before.host(one.name)) is not None and old != one]
    gone = [one.name for one in before.hosts if after.host(one.name) is None]
    wires = (before.bridge, before.gateway) != (after.bridge, after.gateway)
    faults = [
        *([f"hosts changed: {', '.join(changed)}"] if changed else []),
        *([f"hosts no longer in the site: {', '.join(gone)}"] if gone else []),
        *(["bridge or gateway changed"] if wires else []),
    ]
    if faults:
        raise NightfleetError(
            f"the lab that exists is another one ({'; '.join(faults)})",
            f"lab {after.name}",
            "`nightfleet lab down` removes it, then bring it up anew",
            Exit.REFUSED,
        )


def _prepare_machine(spec: LabSpec, layout: Layout, facts: LabFacts, on_event: OnEvent) -> None:
    on_event(Event("prepare network", "begin", detail=spec.bridge))
    with lock.exclusive(LOCKS / "machine.lock", "this machine", wait=True):
        sysctls.remember()
        sysctls.raise_limits()
    network.ensure(spec, layout, facts.dropping_chains)
    ssh.ensure_key(layout)
    on_event(Event("prepare network", "done", detail=spec.bridge))


def _boot_all(
    spec: LabSpec, layout: Layout, facts: LabFacts, base: Path, on_event: OnEvent
) -> tuple[HostUp, ...]:
    cancelled = threading.Event()
    writing = threading.Lock()

    def boot(one: HostSpec) -> HostUp:
        return _boot(spec, one, layout, facts, base, on_event, cancelled, writing)

    pool = ThreadPoolExecutor(min(_AT_ONCE, len(spec.hosts)), thread_name_prefix="boot")
    try:
        return tuple(pool.map(boot, spec.hosts))
    finally:
        cancelled.set()
        pool.shutdown(wait=True, cancel_futures=True)


def _boot(
    spec: LabSpec,
    one: HostSpec,
    layout: Layout,
    facts: LabFacts,
    base: Path,
    on_event: OnEvent,
    cancelled: threading.Event,
    writing: threading.Lock,
) -> HostUp:
    begun = time.monotonic()
    target = host(spec, one, facts)
    running = target.state() is State.RUNNING
    new = not layout.host(one.name).seeded.exists()
    outcome: Literal["already running", "created", "started"] = (
        "already running" if running else "created" if new else "started"
    )
    on_event(Event("boot", "begin", one.name))
    try:
        if not running:
            target.prepare(base)
            with writing:
                ssh.write(spec, layout)
            target.start()
        _wait_until_ready(target, layout, cancelled, on_event)
    except NightfleetError as error:
        on_event(Event("boot", "done", one.name, f"failed: {error.what}"))
        return HostUp(one.name, one.address, "failed", time.monotonic() - begun, str(error))
    seconds = time.monotonic() - begun
    on_event(Event("boot", "done", one.name, f"{outcome}, {seconds:.1f} s"))
    return HostUp(one.name, one.address, outcome, seconds)


def _wait_until_ready(target: Host, layout: Layout, cancelled: threading.Event, on_event: OnEvent) -> None:
    """Until ssh answers and the host's systemd has finished its boot."""
    name = target.spec.name
    end = time.monotonic() + _READY_SECONDS
    said = "no answer on ssh yet"
    started_again = False
    while not cancelled.is_set():
        if target.state() is not State.RUNNING:
            raise NightfleetError("it ended while it booted", name, f"see {layout.host(name).console}")
        _, answer = ssh.ask(layout, name, "systemctl is-system-running --wait", _ASK_SECONDS)
        if answer == "degraded" and not started_again:
            started_again = True
            ssh.ask(layout, name, _START_AGAIN, _ASK_SECONDS)
            continue
        if answer in ("running", "degraded"):
            return
        if answer and answer != said:
            said = answer
            on_event(Event("boot", "progress", name, said))
        if time.monotonic() > end:
            raise NightfleetError(
                f"it is not ready after {_READY_SECONDS} s: {said}", name, f"see {layout.host(name).console}"
            )
        cancelled.wait(0.1)
    raise NightfleetError("interrupted", name, "run it again: it goes on where it stopped")
