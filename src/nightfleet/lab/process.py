"""Processes that outlive their command: known by pid and start time, so a reused pid is never signalled."""

import json
import os
import signal
import time
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Process:
    pid: int
    started: int  # clock ticks since boot, field 22 of /proc/PID/stat

    @property
    def alive(self) -> bool:
        return of(self.pid) == self

    @property
    def command(self) -> str:
        try:
            return Path(f"/proc/{self.pid}/comm").read_text().strip()
        except (FileNotFoundError, ProcessLookupError):
            return "ended"

    def send(self, number: int) -> None:
        """Signal it if it is still the same process; the descriptor closes the gap between the two."""
        try:
            descriptor = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return
        try:
            if self.alive:
                signal.pidfd_send_signal(descriptor, number)
        except ProcessLookupError:
            return
        finally:
            os.close(descriptor)

    def wait(self, seconds: float) -> bool:
        """Whether it ended in time."""
        end = time.monotonic() + seconds
        while self.alive:
            if time.monotonic() > end:
                return False
            time.sleep(0.05)
        return True


def of(pid: int) -> Process | None:
    """The process that has this pid now; a zombie counts as ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, *fields = stat.rpartition(")")[2].split()
    return None if state in "ZX" else Process(pid, int(fields[18]))


def read(path: Path) -> Process | None:
    """The process that a pid file names, if it still runs."""
    try:
        process = Process(**json.loads(path.read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None
    return process if process.alive else None


def write(path: Path, pid: int) -> None:
    process = of(pid)
    if process is not None:
        replace(path, json.dumps(asdict(process)))


def leader(keeper: Path) -> Process | None:
    """The child of the systemd-nspawn that a keeper runs: the init of a host, as the machine sees it."""
    program = read(keeper / "program")
    if program is None:
        return None
    tasks = Path(f"/proc/{program.pid}")
    try:
        if (tasks / "comm").read_text().strip() != "systemd-nspawn":  # what prepares it has children too
            return None
        children = (tasks / f"task/{program.pid}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return of(int(children[0])) if children else None


def replace(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(text)
    draft.replace(path)
