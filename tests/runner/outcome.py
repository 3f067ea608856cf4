"""What came out of a tier, read from what runner.record wrote."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path


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
    unsteady: tuple[str, ...] = ()  # failed, and passed when their file ran once more
    seconds: float = 0.0


def read_record(
    record: Path, tier: str, real: str, seconds: float, ended: str, once_more: Path | None = None
) -> Outcome:
    """Return the outcome of a tier; `ended` says how pytest ended when that was not in order.

    What ran once more counts as it went then, and what had failed before is told of.
    """
    first, second = _lines(record), _lines(once_more) if once_more else []
    again = {file_of(test["name"]) for test in second}
    tests = [*(test for test in first if file_of(test["name"]) not in again), *second]
    passed = {test["name"] for test in second if test["outcome"] == "passed"}
    failures = _failed(tests)
    reasons = Counter(test["why"] for test in tests if test["outcome"] == "skipped")
    return Outcome(
        tier,
        real,
        passed=sum(test["outcome"] == "passed" for test in tests),
        failed=len(failures) + bool(ended),
        skipped=reasons.total(),
        why_skipped=dict(reasons),
        failures=(*failures, ended) if ended else failures,
        unsteady=tuple(name for name in _failed(first) if name in passed),
        seconds=round(seconds, 1),
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
    return tuple(dict.fromkeys(map(file_of, _failed(_lines(record)))))


def file_of(test: str) -> str:
    """`tests/lab/test_up.py::test_one` -> tests/lab/test_up.py."""
    return test.partition("::")[0]


def _failed(tests: Iterable[Mapping[str, str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(test["name"] for test in tests if test["outcome"] == "failed"))


def _lines(record: Path) -> list[dict[str, str]]:
    if not record.exists():
        return []
    return [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()]
