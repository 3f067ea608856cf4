"""What came out of a tier, read from what runner.record wrote."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SHOWN, WORTH_TELLING = 12, 30  # files; seconds


@dataclass(frozen=True, slots=True)
class Outcome:
    """Counts of one tier, with each reason for skipping and each failed test by name."""

    tier: str
    real: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    why_skipped: Mapping[str, int] = field(default_factory=dict)
    failures: tuple[str, ...] = ()
    unsteady: tuple[str, ...] = ()  # failed in one of two runs, passed in the other
    seconds: float = 0.0
    slowest: Mapping[str, float] = field(default_factory=dict)  # seconds of the slowest files


def read_record(
    record: Path, tier: str, real: str, seconds: float, ended: str, once_more: Path | None = None
) -> Outcome:
    """Return the outcome of a tier; `ended` says how pytest ended when that was not in order.

    What ran once more counts as it went then. What failed in a run has failed, unless it passed in the other:
    then it is unsteady, which is told of. What was skipped the second time did not pass.
    """
    first, second = _lines(record), _lines(once_more) if once_more else []
    again = {file_of(test["name"]) for test in second}
    tests = [*(test for test in first if file_of(test["name"]) not in again), *second]
    failed, passed = _named([*first, *second], "failed"), set(_named([*first, *second], "passed"))
    unsteady = tuple(name for name in failed if name in passed)
    failures = tuple(name for name in failed if name not in passed)
    skipped = [test for test in tests if test["outcome"] == "skipped" and test["name"] not in failed]
    reasons = Counter(test["why"] for test in skipped)
    return Outcome(
        tier,
        real,
        passed=len(passed),
        failed=len(failures) + bool(ended),
        skipped=reasons.total(),
        why_skipped=dict(reasons),
        failures=(*failures, ended) if ended else failures,
        unsteady=unsteady,
        seconds=round(seconds, 1),
        slowest=_slowest([*first, *second]),
    )


def cannot_run(tier: str, real: str, reason: str) -> Outcome:
    """Return the outcome of a whole tier that this machine cannot run: skipped, never passed."""
    return Outcome(tier, real, skipped=1, why_skipped={reason: 1})


def totals(outcomes: Iterable[Outcome]) -> tuple[int, int, int]:
    """Sum passed, failed and skipped."""
    rows = list(outcomes)
    return sum(row.passed for row in rows), sum(row.failed for row in rows), sum(row.skipped for row in rows)


def files_that_failed(record: Path) -> tuple[str, ...]:
    """Return the files with a failed test, each once."""
    return tuple(dict.fromkeys(map(file_of, _named(_lines(record), "failed"))))


def file_of(test: str) -> str:
    """`tests/lab/test_up.py::test_one` -> tests/lab/test_up.py."""
    return test.partition("::")[0]


def _named(tests: Iterable[Mapping[str, Any]], outcome: str) -> tuple[str, ...]:
    """Return the tests that ended so, each once."""
    return tuple(dict.fromkeys(test["name"] for test in tests if test["outcome"] == outcome))


def _slowest(tests: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """Return the files that took longest, slowest first; what ran once more adds up."""
    took: Counter[str] = Counter()
    for test in tests:
        took[file_of(test["name"])] += test.get("seconds", 0)
    return {file: round(seconds, 1) for file, seconds in took.most_common(SHOWN) if seconds >= WORTH_TELLING}


def _lines(record: Path) -> list[dict[str, Any]]:
    if not record.exists():
        return []
    return [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()]
