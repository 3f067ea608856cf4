from pathlib import Path

from runner.outcome import cannot_run, read_record, totals

RECORD = """
{"name": "tests/lab/test_up.py::test_three_hosts_come_up", "outcome": "passed", "why": ""}
{"name": "tests/lab/test_up.py::test_one_is_wrong", "outcome": "failed", "why": ""}
{"name": "tests/lab/test_up.py::test_a", "outcome": "skipped", "why": "needs KVM"}
{"name": "tests/lab/test_up.py::test_b", "outcome": "skipped", "why": "needs KVM"}
"""


def test_a_record_gives_counts_names_of_failures_and_reasons_for_skips(tmp_path: Path) -> None:
    record = tmp_path / "record.jsonl"
    record.write_text(RECORD.lstrip())
    outcome = read_record(record, "lab", "hosts", 9.04, "")
    assert (outcome.passed, outcome.failed, outcome.skipped) == (1, 1, 2)
    assert outcome.failures == ("tests/lab/test_up.py::test_one_is_wrong",)
    assert outcome.why_skipped == {"needs KVM": 2}
    assert outcome.seconds == 9.0


def test_what_ran_once_more_counts_as_it_went_then_and_is_told_of(tmp_path: Path) -> None:
    record, once_more = tmp_path / "record.jsonl", tmp_path / "once-more.jsonl"
    record.write_text(RECORD.lstrip())
    again = RECORD.lstrip().replace("failed", "passed").splitlines(keepends=True)[:2]
    once_more.write_text("".join(again))
    outcome = read_record(record, "lab", "hosts", 9.04, "", once_more)
    assert (outcome.passed, outcome.failed, outcome.skipped) == (2, 0, 0)
    assert outcome.unsteady == ("tests/lab/test_up.py::test_one_is_wrong",)
    once_more.write_text(RECORD.lstrip())
    twice = read_record(record, "lab", "hosts", 9.04, "", once_more)
    assert (twice.failures, twice.unsteady) == (("tests/lab/test_up.py::test_one_is_wrong",), ())


def test_a_tier_that_left_no_record_has_failed_and_says_how_it_ended(tmp_path: Path) -> None:
    outcome = read_record(tmp_path / "missing.jsonl", "lab", "hosts", 1, "pytest was ended by SIGKILL")
    assert (outcome.passed, outcome.failed) == (0, 1)
    assert outcome.failures == ("pytest was ended by SIGKILL",)


def test_a_tier_that_cannot_run_counts_as_skipped_and_never_as_passed() -> None:
    assert totals([cannot_run("gpu", "a GPU", "needs an NVIDIA GPU")]) == (0, 0, 1)
