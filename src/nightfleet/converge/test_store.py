from datetime import UTC, datetime
from pathlib import Path

import pytest

from nightfleet.converge.report import ConvergeReport
from nightfleet.converge.store import find_run, keep, last_report, last_run, new_run, read_report, run_names
from nightfleet.errors import NightfleetError

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def report(seconds: float = 1, dry: bool = False) -> ConvergeReport:
    return ConvergeReport(site="lab", started=NOON, seconds=seconds, waves=(), nodes=(), dry=dry)


def test_a_kept_report_is_the_last_one_until_the_next() -> None:
    assert last_report("lab") is None
    for seconds in (1.0, 2.0):
        keep(report(seconds), new_run("lab", NOON))
    assert last_report("lab") == report(2.0)
    assert run_names("lab") == ["20261123T120000Z", "20261123T120000Z-2"]
    assert read_report(find_run("lab", "20261123T120000Z")) == report(1.0)


def test_a_dry_run_is_kept_but_is_not_the_last_run() -> None:
    keep(report(1.0), new_run("lab", NOON))
    keep(report(2.0, dry=True), new_run("lab", NOON))
    assert last_report("lab") == report(1.0)
    assert len(run_names("lab")) == 2


def test_a_run_that_was_killed_leaves_the_last_report_alone() -> None:
    keep(report(1.0), new_run("lab", NOON))
    killed = new_run("lab", NOON)
    (killed / ".report.json-4711").write_text('{"half')
    assert last_report("lab") == report(1.0)
    assert len(run_names("lab")) == 1


def test_only_the_owner_may_look_into_runs() -> None:
    assert new_run("lab", NOON).stat().st_mode & 0o077 == 0


def test_an_unknown_run_is_an_error_that_names_the_known_ones() -> None:
    keep(report(), new_run("lab", NOON))
    with pytest.raises(NightfleetError) as caught:
        find_run("lab", "../../etc")
    assert "20261123T120000Z" in caught.value.hint


def test_a_report_of_another_version_is_an_error_and_no_traceback() -> None:
    run = new_run("lab", NOON)
    keep(report(), run)
    (run / "report.json").write_text('{"schema_number": 99}')
    found = last_run("lab")
    assert found is not None
    with pytest.raises(NightfleetError, match="cannot be read"):
        read_report(found)
