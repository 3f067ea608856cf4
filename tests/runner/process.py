"""One pytest process per tier: in its own process group, interrupted gently, never left behind."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from runner.outcome import Outcome, cannot_run, files_that_failed, read_record
from runner.tiers import Tier

# Fixtures that take down hosts get this long after an interrupt before the group is killed.
GRACE = 300
FEW = 3  # files: where more have failed, nothing is to be hoped from running them once more
TESTS = Path(__file__).resolve().parents[1]
# pytest: 0 all passed, 1 some failed (the report names them); anything else is told apart here.
IN_ORDER = (0, 1)
ENDINGS = {3: "pytest broke down", 4: "pytest was called wrongly", 5: "no test was collected"}


class Interrupted(Exception):
    """The user or the machine asked to stop; `outcome` holds what was done until then."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__("interrupted")
        self.outcome = outcome


def run_tier(tier: Tier, root: Path, output: int) -> Outcome:
    """Run a tier with its output on the file descriptor `output`; raises Interrupted after cleaning up."""
    print(f"\n== {tier.name}: {tier.real}", file=sys.stderr, flush=True)
    reason = tier.needs()
    if reason:
        print(f"skipped: {reason}", file=sys.stderr, flush=True)
        return cannot_run(tier.name, tier.real, reason)
    os.environ["PYTHONPATH"] = str(TESTS)  # pytest looks for runner.record before it reads pyproject.toml
    with tempfile.TemporaryDirectory(prefix="nightfleet-tests-") as folder:
        record, once_more = Path(folder) / "record.jsonl", Path(folder) / "once-more.jsonl"
        started = time.monotonic()
        ended, interrupted = _watch(pytest_command(tier, tier.paths(root), record), root, output, tier)
        if tier.once_more and not ended and 0 < len(files := files_that_failed(record)) <= FEW:
            print(f"\n== {tier.name}, once more: {', '.join(files)}", file=sys.stderr, flush=True)
            ended, interrupted = _watch(pytest_command(tier, files, once_more), root, output, tier)
        seconds = time.monotonic() - started
        outcome = read_record(record, tier.name, tier.real, seconds, ended, once_more)
    if interrupted:
        raise Interrupted(outcome)
    return outcome


def pytest_command(tier: Tier, paths: Sequence[str], record: Path) -> list[str]:
    """Return the command, with root rights where the tier needs them."""
    plugin = ["-p", "runner.record", f"--record={record}"]
    command = [sys.executable, "-m", "pytest", *paths, *tier.options, *plugin]
    if tier.root and os.geteuid() != 0:
        # Nothing that root writes may stay in a user's clone.
        kept = [f"{name}={os.environ[name]}" for name in ("PATH", "PYTHONPATH")]
        command = [
            "sudo",
            "-n",
            "env",
            *kept,
            "PYTHONDONTWRITEBYTECODE=1",
            *command,
            "-p",
            "no:cacheprovider",
        ]
    return command


def _watch(command: list[str], root: Path, output: int, tier: Tier) -> tuple[str, bool]:
    """Wait for the tier; return how it ended ("" in order) and whether it was interrupted."""
    print("+", *command, file=sys.stderr, flush=True)
    with interrupts() as asked:
        process = subprocess.Popen(command, cwd=root, stdout=output, process_group=0)
        deadline = time.monotonic() + tier.limit
        while process.poll() is None:
            if asked:
                print("\ninterrupted: waiting until the tests have cleaned up", file=sys.stderr, flush=True)
                _stop(process)
                return f"{tier.name} was interrupted", True
            if time.monotonic() > deadline:
                _stop(process)
                return f"{tier.name} took longer than {tier.limit} s", False
            time.sleep(0.1)
    return _ending(process.returncode), False


def _ending(code: int) -> str:
    if code in IN_ORDER:
        return ""
    if code < 0:
        return f"pytest was ended by {signal.Signals(-code).name}"
    return ENDINGS.get(code, f"pytest ended with {code}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Interrupt the group as Ctrl-C would, wait for its fixtures, then leave nothing of it."""
    _signal_group(process, signal.SIGINT)
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        _signal_group(process, signal.SIGKILL)
        process.wait()


def _signal_group(process: subprocess.Popen[bytes], which: signal.Signals) -> None:
    if process.args[0] == "sudo":  # type: ignore[index]
        # The group belongs to root: only root may signal it.
        subprocess.run(["sudo", "-n", "kill", f"-{which.value}", "--", f"-{process.pid}"], check=False)
        return
    try:
        os.killpg(process.pid, which)
    except ProcessLookupError:
        return


@contextmanager
def interrupts() -> Iterator[list[int]]:
    """Collect SIGINT and SIGTERM instead of dying of them."""
    asked: list[int] = []

    def remember(number: int, _frame: FrameType | None) -> None:
        asked.append(number)

    before = {number: signal.signal(number, remember) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
