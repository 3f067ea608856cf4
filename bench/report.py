"""Results: JSON for machines, tables for docs/benchmarks.md."""

import json
import os
import platform
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path

from bench.measure import ROOT

PAGE = ROOT / "docs" / "benchmarks.md"
FOLDER = ROOT / ".state" / "bench"


@dataclass(frozen=True, slots=True)
class Line:
    """One comparison: ours against another, both measured in this run."""

    what: str
    ours: str
    other: str
    ratio: str
    aim: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """One benchmark: its lines, what to know about them, and every number behind them."""

    name: str
    title: str
    lines: tuple[Line, ...]
    notes: tuple[str, ...] = ()
    numbers: dict[str, object] = field(default_factory=dict)


def table(result: Result) -> str:
    """Return a Markdown table with its notes."""
    rows = ["| | nightfleet | against | ratio | aim |", "|---|---|---|---|---|"]
    rows += [f"| {one.what} | {one.ours} | {one.other} | {one.ratio} | {one.aim} |" for one in result.lines]
    return "\n".join([*rows, "", *(f"- {note}" for note in result.notes)])


def store(results: Sequence[Result], at: datetime) -> Path:
    """Write this run's numbers where git does not look."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{at:%Y%m%dT%H%M%SZ}.json"
    content = {"at": at.isoformat(), "machine": machine(), "results": [asdict(one) for one in results]}
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return path


def write(results: Sequence[Result], measured_on: str) -> None:
    """Replace the tables of these benchmarks in docs/benchmarks.md."""
    page = PAGE.read_text(encoding="utf-8")
    for result in results:
        begin, end = f"<!-- begin {result.name} -->", f"<!-- end {result.name} -->"
        body = f"{begin}\n{result.title}\n\n{table(result)}\n\nMeasured on {measured_on}.\n{end}"
        page = re.sub(f"{begin}.*?{end}", body.replace("\\", r"\\"), page, flags=re.DOTALL)
    PAGE.write_text(page, encoding="utf-8")


def machine() -> str:
    """Say on what was measured."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = os.getloadavg()[1]
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GiB, Linux {platform.release()}, Python"
        f" {platform.python_version()}; load {load:.1f} over the last 5 minutes"
    )
