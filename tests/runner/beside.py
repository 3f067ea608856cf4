"""A tier that runs beside the others, in a runner of its own: what it says is printed in the end.

For tiers that wait more than they work, and are patient: without KVM a VM keeps one processor busy, no more.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from runner.outcome import Outcome
from runner.process import GRACE, interrupts
from runner.tiers import Tier

RUN = (sys.executable, str(Path(__file__).resolve().parents[1] / "run.py"))


class Beside:
    """One tier, begun. It must be ended, by `outcome` or by `interrupted`."""

    def __init__(self, tier: Tier, root: Path, run: Sequence[str] = RUN) -> None:
        self.tier = tier
        self._files = ExitStack()
        said, summary = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115 - until it is told
        self._said, self._summary = self._files.enter_context(said), self._files.enter_context(summary)
        self._process = subprocess.Popen(
            [*run, tier.name, "--json"], cwd=root, stdout=self._summary, stderr=self._said, process_group=0
        )
        print(f"\n== {tier.name}: begun beside the others", file=sys.stderr, flush=True)

    def outcome(self, output: int) -> tuple[Outcome, bool]:
        """Wait for its end, print what it said, and return the outcome and whether it was interrupted."""
        print(f"\n== {self.tier.name}, which ran beside the others", file=sys.stderr, flush=True)
        with interrupts() as asked:
            while self._process.poll() is None and not asked:
                time.sleep(0.1)
        if asked:
            return self.interrupted(output), True
        return self._told(output), False

    def interrupt(self) -> None:
        """Ask it to stop, and do not wait for it."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)

    def interrupted(self, output: int) -> Outcome:
        """Interrupt it, wait until its fixtures have cleaned up, and return what was done until then."""
        self.interrupt()
        try:
            self._process.wait(2 * GRACE)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        return self._told(output)

    def _told(self, output: int) -> Outcome:
        self._said.seek(0)
        with os.fdopen(os.dup(output), "wb") as file:
            shutil.copyfileobj(self._said, file)
        self._summary.seek(0)
        try:
            (found,) = json.loads(self._summary.read())["tiers"]
        except (ValueError, KeyError):
            ended = f"{self.tier.name} ended with {self._process.returncode}, and told nothing"
            return Outcome(self.tier.name, self.tier.real, failed=1, failures=(ended,))
        finally:
            self._files.close()
        return _outcome(found)


def _outcome(found: dict[str, Any]) -> Outcome:
    lists = {name: tuple(found[name]) for name in ("failures", "unsteady")}
    return Outcome(**{**found, **lists})
