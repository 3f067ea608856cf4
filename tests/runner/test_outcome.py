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
    other = again[1].replace("test_one_is_wrong", "test_other")
    record.write_text(RECORD.lstrip() + other)
    once_more.write_text("".join(again) + other.replace("passed", "failed"))
    both = read_record(record, "lab", "hosts", 9.04, "", once_more)
    assert (both.passed, both.failed) == (3, 0), "each of the two passed once"
    assert both.unsteady == ("tests/lab/test_up.py::test_one_is_wrong", "tests/lab/test_up.py::test_other")
    once_more.write_text(RECORD.lstrip())
    twice = read_record(record, "lab", "hosts", 9.04, "", once_more)
    assert (twice.failures, twice.unsteady) == (("tests/lab/test_up.py::test_one_is_wrong",), ())


def test_what_failed_and_is_skipped_when_it_runs_once_more_has_failed(tmp_path: Path) -> None:
    record, once_more = tmp_path / "record.jsonl", tmp_path / "once-more.jsonl"
    record.write_text(RECORD.lstrip())
    once_more.write_text(RECORD.lstrip().replace('"failed"', '"skipped"'))
    outcome = read_record(record, "lab", "hosts", 9.04, "", once_more)
    assert outcome.failures == ("tests/lab/test_up.py::test_one_is_wrong",)
    assert (outcome.passed, outcome.failed, outcome.skipped) == (1, 1, 2)


def test_the_files_that_took_longest_are_told_of(tmp_path: Path) -> None:
    record = tmp_path / "record.jsonl"
    line = '{"name": "tests/lab/test_%s.py::test_%d", "outcome": "passed", "why": "", "seconds": %d}\n'
    record.write_text("".join(line % one for one in (("a", 1, 20), ("b", 1, 90), ("a", 2, 20), ("c", 1, 1))))
    outcome = read_record(record, "lab", "hosts", 131, "")
    assert list(outcome.slowest.items()) == [("tests/lab/test_b.py", 90), ("tests/lab/test_a.py", 40)]


def test_a_tier_that_left_no_record_has_failed_and_says_how_it_ended(tmp_path: Path) -> None:
    outcome = read_record(tmp_path / "missing.jsonl", "lab", "hosts", 1, "pytest was ended by SIGKILL")
    assert (outcome.passed, outcome.failed) == (0, 1)
    assert outcome.failures == ("pytest was ended by SIGKILL",)


def test_a_tier_that_cannot_run_counts_as_skipped_and_never_as_passed() -> None:
    assert totals([cannot_run("gpu", "a GPU", "needs an NVIDIA GPU")]) == (0, 0, 1)
