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
    seconds: float = 0.0


def read_record(record: Path, tier: str, real: str, seconds: float, ended: str) -> Outcome:
    """Return the outcome of a pytest process; `ended` says how it ended when that was not in order."""
    tests = _lines(record)
    failures = tuple(dict.fromkeys(test["name"] for test in tests if test["outcome"] == "failed"))
    reasons = Counter(test["why"] for test in tests if test["outcome"] == "skipped")
    return Outcome(
        tier,
        real,
        passed=sum(test["outcome"] == "passed" for test in tests),
        failed=len(failures) + bool(ended),
        skipped=reasons.total(),
        why_skipped=dict(reasons),
        failures=(*failures, ended) if ended else failures,
        seconds=round(seconds, 1),
    )


def cannot_run(tier: str, real: str, reason: str) -> Outcome:
    """Return the outcome of a whole tier that this machine cannot run: skipped, never passed."""
    return Outcome(tier, real, skipped=1, why_skipped={reason: 1})


def totals(outcomes: Iterable[Outcome]) -> tuple[int, int, int]:
    """Sum passed, failed and skipped."""
    rows = list(outcomes)
    return sum(row.passed for row in rows), sum(row.failed for row in rows), sum(row.skipped for row in rows)


def _lines(record: Path) -> list[dict[str, str]]:
    if not record.exists():
        return []
    return [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()]
