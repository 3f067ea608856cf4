"""Tell a watcher what happens on each host while it happens: one JSON line per event.

pyinfra's own JSON arrives at the end, not at all when the run is aborted, holds no output, and counts
every operation that a failed host never reached as an error. `report_progress()` at the top of a deploy
writes what `nightfleet converge` needs instead to the file (or pipe) named by NIGHTFLEET_EVENTS; without
the variable it does nothing.

Events, each with `host` and `at` (seconds since the epoch):
  ready                                 the host is connected and its deploy code begins
  start   op, name, parent              an operation begins (parent: the operation that called it)
  retry   op, name, parent, attempt     it failed and begins again
  done    op, name, parent, seconds     it ended; state: changed, unchanged, failed, ignored (failed and may)
          state, command, output,       failed and ignored: the failing command, the last lines it said,
          connected                     whether the host can still be spoken to
  lost    output, connected             pyinfra dropped the host between operations: no connection, a failed
                                        fact
  waits   op, name, output              the operation waits for something outside of this run
  refuses output                        a dry run met a refusal, which it would count as a change
  raised  error, expected, output       deploy code raised on this host; pyinfra then stops every host
                                        expected: a NightfleetError, whose text says it all
"""

import atexit
import contextlib
import json
import logging
import os
import re
import time
from collections import defaultdict, deque
from collections.abc import Sequence
from typing import Any

import gevent
from pyinfra import logger
from pyinfra.api.command import FileDownloadCommand, FileUploadCommand, FunctionCommand, StringCommand
from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.host import Host
from pyinfra.api.operation import OperationMeta
from pyinfra.api.state import BaseStateCallback, State, StateStage
from pyinfra.context import ctx_host, ctx_state

from deploys.hostops.connection import is_connected, tend_connection
from nightfleet.errors import NightfleetError

VARIABLE = "NIGHTFLEET_EVENTS"
LAST_LINES = 20
SHOWN_LINES = 4  # of a script that failed, from either end
LONGEST_LINE = 300
# What pyinfra says last about a failed operation repeats what was said before.
SUMMARIES = ("Error: executed ", "Unexpected error in Python callback")
NOBODY_LEFT = "No hosts remaining!"  # pyinfra's words
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def report_progress() -> None:
    """The first call of every deploy: tend the host's connection; report the run, if somebody asked for it.

    May be called on every host, any number of times.
    """
    host = ctx_host.get()
    tend_connection(host)
    path = os.environ.get(VARIABLE)
    if not path:
        return
    state = ctx_state.get()
    progress = _progress(state)
    if progress is None:
        progress = Progress(path)
        state.add_callback_handler(progress)
        logger.addHandler(Overheard(progress.said))
        atexit.register(progress.catch_up, state)
    progress.host_ready(state, host)


def report_refusal(reasons: Sequence[str]) -> None:
    """Say while planning that this host will be refused: pyinfra's plan has only names of operations."""
    state = ctx_state.get()
    progress = _progress(state)
    if progress and state.current_stage == StateStage.Prepare:
        progress.host_refused(ctx_host.get(), reasons)


def report_wait(reason: str) -> None:
    """Say at once what an operation waits for: pyinfra shows the output of commands that have ended."""
    state, host = ctx_state.get(), ctx_host.get()
    if state.current_stage != StateStage.Execute:
        return
    host.log_styled(reason, fg="yellow", log_func=logger.warning)
    progress = _progress(state)
    if progress:
        progress.host_waits(state, host, reason)


def _progress(state: State) -> "Progress | None":
    return next((handler for handler in state.callback_handlers if isinstance(handler, Progress)), None)


class Overheard(logging.Handler):
    """Keeps the last warnings and errors pyinfra logged per host: some reasons are found nowhere else."""

    def __init__(self, said: dict[str, deque[str]]) -> None:
        super().__init__(logging.WARNING)
        self.said = said

    def emit(self, record: logging.LogRecord) -> None:
        host = ctx_host.get()
        if host is None:
            return
        prefix = re.compile(rf"^\[{re.escape(host.name)}\]( nested)?\s*")
        lines = (prefix.sub("", COLOUR.sub("", line)) for line in record.getMessage().splitlines())
        self.said[host.name].extend(line for line in lines if not line.startswith(SUMMARIES))


class Progress(BaseStateCallback):
    """Writes the events of one State."""

    def __init__(self, path: str) -> None:
        self.said: dict[str, deque[str]] = defaultdict(lambda: deque(maxlen=LAST_LINES))
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._ready: set[str] = set()
        self._failed: set[str] = set()
        self._raised: set[str] = set()
        self._began: dict[tuple[str, str], float] = {}
        self._ended: list[tuple[Host, str, float]] = []

    def host_refused(self, host: Host, reasons: Sequence[str]) -> None:
        """Say why `host` will be refused."""
        self._emit("refuses", host, output=list(reasons))

    def host_waits(self, state: State, host: Host, reason: str) -> None:
        """Say what `host` waits for."""
        op_hash = host.executing_op_hash
        if op_hash is not None:
            self._emit("waits", host, output=[reason], **self._operation(state, host, op_hash))

    # Callbacks: pyinfra calls them with the state first, as it would call a static method.

    def host_ready(self, state: State, host: Host) -> None:
        """Say that `host` is there. Its greenlet returns what its deploy code raises, if it does."""
        if host.name not in self._ready:
            self._ready.add(host.name)
            self._emit("ready", host)
            self._watch(host)
        self.catch_up(state)

    def operation_host_start(self, state: State, host: Host, op_hash: str) -> None:  # type: ignore[override]
        self.catch_up(state)
        if op_hash not in state.ops[host]:
            return
        self.said[host.name].clear()
        self._began[host.name, op_hash] = time.time()
        self._emit("start", host, **self._operation(state, host, op_hash))
        self._watch(host)

    def operation_host_retry(self, state: State, host: Host, op_hash: str, retry_num: int, *_: int) -> None:  # type: ignore[override]
        self._emit("retry", host, attempt=retry_num, **self._operation(state, host, op_hash))

    def operation_host_success(self, state: State, host: Host, op_hash: str, *_: int) -> None:  # type: ignore[override]
        self._operation_ended(state, host, op_hash)

    def operation_host_error(self, state: State, host: Host, op_hash: str, *_: int) -> None:  # type: ignore[override]
        self._operation_ended(state, host, op_hash)

    def operation_end(self, state: State, *_: str) -> None:  # type: ignore[override]
        self.catch_up(state)

    def host_disconnect(self, state: State, *_: Host) -> None:  # type: ignore[override]
        self.catch_up(state)

    # What is behind them

    def _operation_ended(self, state: State, host: Host, op_hash: str) -> None:
        """pyinfra files commands and output right after this callback: look a moment later."""
        # Nested operations come with a proxy that means another host, or none, in another greenlet.
        self._ended.append((state.inventory.get_host(host.name), op_hash, time.time()))
        gevent.spawn(self.catch_up, state)

    def catch_up(self, state: State) -> None:
        """Write the results that are filed by now, and the hosts that pyinfra has dropped."""
        ended, self._ended = self._ended, []
        for host, op_hash, at in ended:
            result = state.ops[host][op_hash].operation_meta
            if result.is_complete():
                self._done(state, host, op_hash, result, at)
            else:
                self._ended.append((host, op_hash, at))
        for host in list(state.failed_hosts):
            busy = host.executing_op_hash is not None or any(pending[0] is host for pending in self._ended)
            if host.name not in self._failed and not busy:
                self._failed.add(host.name)
                self._emit("lost", host, output=list(self.said[host.name]), connected=is_connected(host))

    def _done(self, state: State, host: Host, op_hash: str, result: OperationMeta, at: float) -> None:
        ignored = bool(state.ops[host][op_hash].global_arguments.get("_ignore_errors"))
        known = self._operation(state, host, op_hash)
        known["seconds"] = round(at - self._began.get((host.name, op_hash), at), 3)
        if result.did_succeed():
            self._emit("done", host, at, state="changed" if result.did_change() else "unchanged", **known)
            return
        if not ignored and known["parent"] is None:
            self._failed.add(host.name)
        # OperationMeta offers no public way to the commands and to the output in its order.
        commands, output = result._commands or [], result._combined_output or ()
        last = [str(line.line) for line in output]
        last += [line for line in self.said[host.name] if line not in last]  # a lost connection, a traceback
        self._emit(
            "done",
            host,
            at,
            state="ignored" if ignored else "failed",
            command=describe(commands[-1]) if commands else "",
            output=last[-LAST_LINES:],
            connected=is_connected(host),
            **known,
        )

    def _operation(self, state: State, host: Host, op_hash: str) -> dict[str, Any]:
        data = state.ops[host][op_hash]
        name = " / ".join(sorted(state.op_meta[op_hash].names))
        return {"op": op_hash, "name": name, "parent": data.parent_op_hash}

    def _watch(self, host: Host) -> None:
        """Hear of an exception that ends this host's greenlet: pyinfra does not say whose it was."""
        greenlet = gevent.getcurrent()
        if isinstance(greenlet, gevent.Greenlet):
            greenlet.link(lambda ended: self._greenlet_ended(host, ended))

    def _greenlet_ended(self, host: Host, greenlet: gevent.Greenlet) -> None:
        error = greenlet.exception or greenlet.value
        if isinstance(error, PyinfraError) and str(error) == NOBODY_LEFT:
            return  # this host was the last to fail, which is told as its own failure
        if isinstance(error, Exception) and host.name not in self._raised:
            self._raised.add(host.name)
            cause = getattr(error, "exception", error)  # the command line wraps what a deploy raises
            said = list(self.said[host.name])
            expected = isinstance(cause, NightfleetError)
            told = str(cause) if expected else f"{type(cause).__name__}: {cause}"
            self._emit("raised", host, error=told, expected=expected, output=said)

    def _emit(self, event: str, host: Host, at: float | None = None, **more: Any) -> None:
        line = {"event": event, "host": host.name, "at": round(at or time.time(), 3), **more}
        rest = memoryview(json.dumps(line).encode() + b"\n")
        # A watcher that went away must not stop a deploy.
        with contextlib.suppress(OSError):
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]


def describe(command: object) -> str:
    """A few lines for people; no arguments of functions, no content of files: they may hold secrets."""
    match command:
        case StringCommand():
            return shorten(command.get_masked_value())
        case FileUploadCommand():
            return f"upload {command.src if isinstance(command.src, str) else 'text'} to {command.dest}"
        case FileDownloadCommand():
            return f"download {command.src}"
        case FunctionCommand():
            return f"python function {command.function.__name__}"
        case _:
            return str(command)


def shorten(script: str) -> str:
    """Keep both ends of a long script: what it is about, and what it calls."""
    lines = [
        line if len(line) <= LONGEST_LINE else line[:LONGEST_LINE] + " ..." for line in script.splitlines()
    ]
    if len(lines) > 2 * SHOWN_LINES:
        left_out = len(lines) - 2 * SHOWN_LINES
        lines[SHOWN_LINES:-SHOWN_LINES] = [f"... {left_out} more lines ..."]
    return "\n".join(lines)
