"""Which restore goes on, and which begins anew."""

from datetime import UTC, datetime
from pathlib import Path

from nightfleet.backup.restore.attempt import WHOLE, Journal, find
from nightfleet.ledger import Event, Ledger

NOW = datetime(2026, 11, 28, 1, tzinfo=UTC)
NAME = "20261128T002900Z-lab-c1"


def begun(path: Path) -> Ledger:
    """Return the ledger of a restore that was killed after its first step on one node."""
    ledger = Ledger(path / "ledger.jsonl")
    journal = Journal(ledger, find((), NAME, NOW))
    journal.begin(WHOLE)
    journal.begin("stop", "c1")
    journal.end("stop", "c1")
    journal.begin("stop", "c2")
    return ledger


def test_a_first_attempt_has_nothing_behind_it() -> None:
    attempt = find((), NAME, NOW)
    assert (attempt.run, attempt.word) == (f"restore {NAME} 20261128T010000Z", "20261128T010000Z")
    assert not attempt.resumed and not attempt.done


def test_one_that_was_killed_goes_on_under_its_name(tmp_path: Path) -> None:
    attempt = find(begun(tmp_path).entries(), NAME, datetime(2026, 11, 29, tzinfo=UTC))
    assert attempt.resumed
    assert attempt.word == "20261128T010000Z"
    journal = Journal(Ledger(tmp_path / "ledger.jsonl"), attempt)
    assert not journal.needs("stop", "c1")
    assert journal.needs("stop", "c2")


def test_a_step_that_failed_is_done_again(tmp_path: Path) -> None:
    ledger = begun(tmp_path)
    ledger.append(find(ledger.entries(), NAME, NOW).run, "stop", Event.FAILED, "c2")
    assert ("stop", "c2") not in find(ledger.entries(), NAME, NOW).done


def test_after_its_end_the_same_backup_is_restored_anew(tmp_path: Path) -> None:
    ledger = begun(tmp_path)
    Journal(ledger, find(ledger.entries(), NAME, NOW)).end(WHOLE)
    attempt = find(ledger.entries(), NAME, datetime(2026, 11, 29, tzinfo=UTC))
    assert not attempt.resumed
    assert attempt.word == "20261129T000000Z"


def test_another_backup_does_not_go_on_with_it(tmp_path: Path) -> None:
    ledger = begun(tmp_path)
    other = find(ledger.entries(), "20261127T002900Z-lab-c1", NOW)
    assert not other.resumed
    Journal(ledger, other).begin(WHOLE)
    # and once another was begun, the first one's steps say nothing about what is on the disks
    assert not find(ledger.entries(), NAME, NOW).resumed
