"""Take a lab away, whole or half built: from what is found here, not only from what was written down."""

import contextlib
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from nightfleet.errors import NightfleetError
from nightfleet.lab import (
    cgroups,
    lock,
    machine,
    mounts,
    network,
    nspawn,
    process,
    services,
    sysctls,
)
from nightfleet.lab.events import Event, OnEvent, silent
from nightfleet.lab.host import host
from nightfleet.lab.layout import LOCKS, MACHINE, STATE, Layout
from nightfleet.lab.machine import LabFacts
from nightfleet.lab.spec import from_json
from nightfleet.lab.state import State

_NSPAWN_RUN = Path("/run/systemd/nspawn")


@dataclass(frozen=True, slots=True)
class DownReport:
    removed: tuple[str, ...]  # empty: there was nothing of this lab
    seconds: float


def down(name: str, on_event: OnEvent = silent) -> DownReport:
    """Leave nothing of the lab on the machine; the cache of base roots stays."""
    begun = time.monotonic()
    if os.geteuid() != 0:
        raise NightfleetError("only root can remove hosts", f"lab {name}", "run it with sudo")
    layout = Layout(name)
    facts = machine.gather()
    removed: list[str] = []
    with lock.exclusive(layout.lock, f"lab {name}"):
        steps: tuple[tuple[str, Callable[[], list[str]]], ...] = (
            ("stop services", lambda: services.stop_all(layout)),
            ("stop hosts", lambda: _stop_hosts(layout, facts)),
            ("end what is left", lambda: _end_leftovers(layout)),
            ("unmount", lambda: mounts.unmount(layout.dir)),
            ("remove network", lambda: network.remove(layout)),
            ("remove control groups", lambda: _remove_groups(layout, facts)),
            ("restore the machine", lambda: _restore_machine(layout)),
            ("remove files", lambda: _remove_files(layout)),
        )
        for step, act in steps:
            on_event(Event(step, "begin"))
            done = act()
            removed += done
            on_event(Event(step, "done", detail=", ".join(done)))
    _remove_empty()
    return DownReport(tuple(removed), time.monotonic() - begun)


def _stop_hosts(layout: Layout, facts: LabFacts) -> list[str]:
    if not layout.spec.exists():
        return []
    spec = from_json(layout.spec.read_text())
    running = [
        one for one in (host(spec, each, facts) for each in spec.hosts) if one.state() is State.RUNNING
    ]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda one: one.stop(), running))
    return [f"host {one.spec.name}" for one in running]


def _end_leftovers(layout: Layout) -> list[str]:
    """Processes that an interrupted command did not write down: by their command line and by their group."""
    keepers = [one for one in _called_with(str(layout.dir)) if one.pid != os.getpid()]
    for one in keepers:
        one.send(signal.SIGKILL)
        one.wait(5)
    groups = list(cgroups.existing(layout.name))
    left = cgroups.processes(groups)
    nspawn.kill_groups(groups, f"lab {layout.name}")
    return [f"process {one.pid}" for one in {*keepers, *left}]


def _called_with(directory: str) -> list[process.Process]:
    """Keepers and containers whose command line names the lab's directory."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                if is_lab_process((entry / "cmdline").read_bytes().decode(errors="replace"), directory):
                    found.append(process.of(int(entry.name)))
    return [one for one in found if one is not None]


def is_lab_process(cmdline: str, directory: str) -> bool:
    words = cmdline.split("\0")
    keeper = "nightfleet.lab.keeper" in words and any(word.startswith(f"{directory}/") for word in words)
    return keeper or any(word.startswith(f"--directory={directory}/") for word in words)


def _remove_groups(layout: Layout, facts: LabFacts) -> list[str]:
    groups = list(cgroups.existing(layout.name))
    for group in groups:
        cgroups.remove(facts.cgroups, group)
    return [f"control group {group}" for group in groups]


def _restore_machine(layout: Layout) -> list[str]:
    """The last lab to go puts back what all labs changed together."""
    if not MACHINE.exists():
        return []
    with lock.exclusive(LOCKS / "machine.lock", "this machine", wait=True):
        others = [one for one in STATE.iterdir() if one not in (MACHINE, layout.dir)]
        if others:
            return []
        restored = sysctls.restore(sysctls.keys_set_by_hosts())
        shutil.rmtree(MACHINE)
    return [f"setting {key}" for key in restored]


def _remove_files(layout: Layout) -> list[str]:
    removed = []
    labs = [one.name for one in STATE.glob("[!.]*")]
    for directory in ("propagate", "unix-export"):
        for path in (_NSPAWN_RUN / directory).glob(f"{layout.name}-*"):
            if is_of(layout.name, path.name, labs):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
                removed.append(str(path))
    if layout.dir.exists():
        if left := mounts.below(layout.dir):
            raise NightfleetError(f"{left[0].point} is still mounted", f"lab {layout.name}", "run it again")
        shutil.rmtree(layout.dir)
        removed.append(str(layout.dir))
    return removed


def is_of(lab: str, machine: str, labs: Iterable[str]) -> bool:
    """Whether the container called LAB-HOST is this lab's: of labs `a` and `a-b`, `a-b-c` is the second's."""
    return max({lab, *labs}, key=lambda one: len(one) if machine.startswith(f"{one}-") else 0) == lab


def _remove_empty() -> None:
    for directory in (STATE, STATE.parent, LOCKS):
        with contextlib.suppress(OSError):
            directory.rmdir()
