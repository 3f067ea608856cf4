"""What a command costs: wall clock, and CPU of its process with all children it waited for."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds."""

    wall: float
    cpu: float

    def over(self, other: "Cost") -> tuple[float, float]:
        """Return how many times the other's wall clock and CPU this is."""
        return self.wall / other.wall, self.cpu / other.cpu


def cost(argv: Sequence[object], log: Path, environment: Mapping[str, str] | None = None) -> Cost:
    """Run a command to its end; RuntimeError with the end of its output when it fails."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        began = time.monotonic()
        child = subprocess.Popen(
            [str(word) for word in argv],
            cwd=ROOT,
            env=os.environ | dict(environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            _, status, used = os.wait4(child.pid, 0)
        except BaseException:
            child.terminate()
            child.wait()
            raise
        wall = time.monotonic() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        last = "\n".join(log.read_text(errors="replace").splitlines()[-25:])
        raise RuntimeError(f"{' '.join(map(str, argv))[:200]} ended with {child.returncode}:\n{last}")
    return Cost(wall, used.ru_utime + used.ru_stime)


def median(costs: Sequence[Cost]) -> Cost:
    """Return the median of each part."""
    return Cost(statistics.median(one.wall for one in costs), statistics.median(one.cpu for one in costs))


def total(costs: Sequence[Cost], wall: float) -> Cost:
    """Return what commands cost that ran side by side within `wall` seconds."""
    return Cost(wall, sum(one.cpu for one in costs))


def say(text: str) -> None:
    """Tell a watcher."""
    print(text, file=sys.stderr, flush=True)


def best(call: Callable[[], object]) -> float:
    """Return the fewest seconds of five runs."""
    times = []
    for _ in range(5):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return min(times)
