"""A pytest plugin that writes one JSON line per finished test: {"name", "outcome", "why", "seconds"}.

pytest's JUnit report calls a test passed that was interrupted half-way, and is lost when pytest is killed.
Switched on by `-p runner.record --record=FILE`.
"""

import json
from pathlib import Path

import pytest


class Recorder:
    """Waits for a test's last phase, so that a fixture that fails to clean up fails its test."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._last: dict[str, pytest.TestReport] = {}
        self._seconds: dict[str, float] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._seconds[report.nodeid] = self._seconds.get(report.nodeid, 0) + report.duration
        if report.when != "teardown":
            self._last[report.nodeid] = report
            return
        last = self._last.pop(report.nodeid)
        if report.failed:
            self._write(report)
        elif last.when == "call" or not last.passed:
            self._write(last)  # else it was interrupted: a setup, a teardown, and nothing between

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if not report.passed:
            self._write(report)

    def _write(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        line = {
            "name": report.nodeid,
            "outcome": report.outcome,
            "why": _why(report) if report.skipped else "",
            "seconds": round(self._seconds.pop(report.nodeid, 0), 2),
        }
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--record", metavar="FILE", help="write one JSON line per finished test")


def pytest_configure(config: pytest.Config) -> None:
    file = config.getoption("--record")
    if file and not hasattr(config, "workerinput"):  # workers of xdist report to the one that started them
        config.pluginmanager.register(Recorder(Path(file)))


def _why(report: pytest.TestReport | pytest.CollectReport) -> str:
    expected = getattr(report, "wasxfail", None)
    if expected is not None:
        return f"known to fail: {expected}"
    place = report.longrepr
    reason = place[2] if isinstance(place, tuple) else str(place)
    return reason.removeprefix("Skipped: ")
