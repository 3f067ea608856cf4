"""Long-lived programs beside the hosts (the depot's server): started with the lab, ended with it.

A service is a directory with its argv, a log and a keeper, so that `up` can start again what died.
"""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nightfleet.errors import NightfleetError
from nightfleet.lab import process
from nightfleet.lab.layout import Layout

_STOP_SECONDS = 10
_KEEPER_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Service:
    name: str
    argv: tuple[str, ...]
    pid: int | None  # None when it is not running
    log: Path


def start_service(lab: str, name: str, argv: Sequence[str]) -> bool:
    """Run `argv` in the background for as long as the lab is there; whether it had to be started.

    The same argv again is no change; another argv replaces the program that runs.
    """
    if not re.fullmatch(r"[a-z][a-z0-9-]*", name):
        raise NightfleetError(f"service name '{name}' must be lower-case letters, digits and dashes")
    layout = Layout(lab)
    if not layout.spec.exists():
        raise NightfleetError("there is no such lab", f"lab {lab}", "run `nightfleet lab up` first")
    directory = layout.services / name
    directory.mkdir(parents=True, exist_ok=True)
    wanted = json.dumps(list(argv))
    if _argv_file(directory).exists() and _argv_file(directory).read_text() != wanted:
        _stop(directory)
    process.replace(_argv_file(directory), wanted)
    return _start(directory)


def services(layout: Layout) -> tuple[Service, ...]:
    found = []
    for directory in sorted(layout.services.glob("*/")):
        if _argv_file(directory).exists():
            program = process.read(directory / "program")
            argv = tuple(json.loads(_argv_file(directory).read_text()))
            found.append(Service(directory.name, argv, program.pid if program else None, directory / "log"))
    return tuple(found)


def restart_dead(layout: Layout) -> tuple[str, ...]:
    """Start again what was started before and no longer runs."""
    return tuple(one.name for one in services(layout) if _start(layout.services / one.name))


def stop_all(layout: Layout) -> list[str]:
    return [f"service {one.name}" for one in services(layout) if _stop(layout.services / one.name)]


def _argv_file(directory: Path) -> Path:
    return directory / "argv.json"


def _start(directory: Path) -> bool:
    if process.read(directory / "pid") is not None:
        return False
    argv = json.loads(_argv_file(directory).read_text())
    (directory / "program").unlink(missing_ok=True)
    (directory / "ended").unlink(missing_ok=True)
    with (directory / "log").open("ab") as log:
        subprocess.Popen(
            [sys.executable, "-m", "nightfleet.lab.keeper", str(directory), "--", *argv],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd="/",
        )
    end = time.monotonic() + _KEEPER_SECONDS
    while process.read(directory / "program") is None:
        if (directory / "ended").exists() or time.monotonic() > end:
            raise NightfleetError("it ended at once", f"service {directory.name}", f"see {directory / 'log'}")
        time.sleep(0.02)
    return True


def _stop(directory: Path) -> bool:
    keeper, program = process.read(directory / "pid"), process.read(directory / "program")
    if keeper is None:
        return False
    if program is not None:
        program.send(signal.SIGTERM)
    if not keeper.wait(_STOP_SECONDS):
        keeper.send(signal.SIGKILL)
        keeper.wait(_STOP_SECONDS)
    return True
