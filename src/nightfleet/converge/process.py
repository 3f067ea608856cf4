"""One wave: pyinfra as a child process, listened to while it runs.

Its stderr goes to wave-N.log and its events to wave-N.jsonl, both without secrets; all it writes comes to us
through pipes and memory, so that nothing unredacted ever lies on a disk. The child dies with us: what it was
doing on a host ends there, and the next converge goes on from what it finds.
"""

import ctypes
import io
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nightfleet.converge.collect import Heard
from nightfleet.converge.command import executable
from nightfleet.converge.events import Event, HostEvent, WaveEnded, WaveStarted, read_event
from nightfleet.converge.output import Listener, read_output
from nightfleet.converge.redact import Redactor, hide, hide_lines

EVENTS_VARIABLE = "NIGHTFLEET_EVENTS"  # deploys/hostops/progress.py
GRACE = 10.0  # seconds between asking a child to end and ending it
PR_SET_PDEATHSIG = 1  # prctl(2)


@dataclass(slots=True)
class Children:
    """The pyinfra processes that run now; after `stop` no more may start."""

    stopped: bool = False
    _running: set["subprocess.Popen[bytes]"] = field(default_factory=set)
    _lock: threading.RLock = field(default_factory=threading.RLock)  # a signal may come while we hold it

    def start(self, argv: Sequence[str], **how: object) -> "subprocess.Popen[bytes] | None":
        """Start a process, unless stopped."""
        with self._lock:
            if self.stopped:
                return None
            child = subprocess.Popen(argv, **how)  # type: ignore[call-overload]
            self._running.add(child)
            if self.stopped:  # the signal came while it was being started
                child.send_signal(signal.SIGINT)
            return child  # type: ignore[no-any-return]

    def ended(self, child: "subprocess.Popen[bytes]") -> None:
        """Forget a process."""
        with self._lock:
            self._running.discard(child)

    def stop(self) -> None:
        """Ask every process to end; the second time, or after GRACE, end it."""
        with self._lock:
            signum = signal.SIGKILL if self.stopped else signal.SIGINT
            self.stopped = True
            for child in self._running:
                child.send_signal(signum)
        if signum == signal.SIGINT:
            killer = threading.Timer(GRACE, self.stop)
            killer.daemon = True
            killer.start()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a wave told, and how its process ended; exit_code None when it was never started."""

    heard: Heard
    exit_code: int | None
    seconds: float


def run_wave(
    number: int,
    nodes: tuple[str, ...],
    argv: tuple[str, ...],
    home: Path,
    folder: Path,
    children: Children,
    tell: Callable[[Event], None],
) -> Outcome:
    """Run pyinfra on the wave's nodes and listen until it ends. Blocks."""
    began = time.time()
    read_end, write_end = os.pipe()
    environment = os.environ | {EVENTS_VARIABLE: f"/dev/fd/{write_end}"}
    with os.fdopen(os.memfd_create("pyinfra"), "w+b") as stdout, os.fdopen(read_end, "rb") as events:
        child = children.start(
            (executable(), *argv[1:]),
            cwd=home,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            pass_fds=(write_end,),
            start_new_session=True,  # ctrl-c at the terminal reaches us alone, and we pass it on
            preexec_fn=_die_with_parent,
        )
        os.close(write_end)
        if child is None:
            return Outcome(Heard(number, nodes, began, interrupted=True), None, 0.0)
        tell(WaveStarted(number, nodes, argv))
        listener = Listener()
        logging = threading.Thread(
            target=_log, args=(child.stderr, folder / f"wave-{number}.log", listener), daemon=True
        )
        logging.start()
        happened = _relay(events, folder / f"wave-{number}.jsonl", tell)
        exit_code = child.wait()
        logging.join()
        children.ended(child)
        stdout.seek(0)
        printed = stdout.read().decode(errors="replace")
    _keep_trace(home, folder, number, began)
    seconds = round(time.time() - began, 3)
    tell(WaveEnded(number, seconds))
    heard = Heard(
        number=number,
        nodes=nodes,
        began=began,
        events=happened,
        output=read_output(printed),
        said={name: hide_lines(listener.said_about(name)) for name in nodes},
        error=hide_lines(listener.error),
        interrupted=children.stopped,
    )
    return Outcome(heard, exit_code, seconds)


def _log(stderr: io.BufferedReader, path: Path, listener: Listener) -> None:
    redactor = Redactor()
    with path.open("w", encoding="utf-8", buffering=1) as log:
        for raw in stderr:
            line = redactor.line(raw.decode(errors="replace").rstrip("\n"))
            log.write(line + "\n")
            listener.hear(line)


def _relay(events: io.BufferedReader, path: Path, tell: Callable[[Event], None]) -> tuple[HostEvent, ...]:
    """Read events until the child closes its end; pass each on, keep all."""
    happened: list[HostEvent] = []
    with path.open("w", encoding="utf-8", buffering=1) as journal:
        for raw in events:
            event = read_event(raw.decode(errors="replace"))
            if event is None:
                continue
            safe = without_secrets(event)
            journal.write(safe.model_dump_json(exclude_defaults=True) + "\n")
            happened.append(safe)
            tell(safe)
    return tuple(happened)


def without_secrets(event: HostEvent) -> HostEvent:
    """Return the event as it may be stored."""
    return event.model_copy(
        update={
            "name": hide(event.name),
            "command": "\n".join(hide_lines([event.command])),
            "error": "\n".join(hide_lines([event.error])),
            "output": hide_lines(event.output),
        }
    )


def _keep_trace(home: Path, folder: Path, number: int, began: float) -> None:
    """Take in the trace that an aborted pyinfra leaves in its working directory."""
    trace = home / "pyinfra-debug.log"
    try:
        if trace.stat().st_mtime >= began - 1:
            text = "\n".join(hide_lines(trace.read_text(encoding="utf-8").split("\n")))
            (folder / f"wave-{number}.trace").write_text(text, encoding="utf-8")
            trace.unlink()
    except FileNotFoundError:
        return


def _die_with_parent() -> None:
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


_libc = ctypes.CDLL(None)  # loaded before any fork
