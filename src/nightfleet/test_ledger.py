"""Claims about the ledger: append only, whole lines, and what was begun and never ended is found."""

from pathlib import Path

import pytest

from nightfleet.ledger import Event, Ledger, finished, unfinished


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "site" / "ledger.jsonl")


def test_what_was_written_is_read_in_its_order(ledger: Ledger) -> None:
    ledger.append("upgrade 1.36.3", "drain", Event.BEGUN, "w1")
    ledger.append("upgrade 1.36.3", "drain", Event.DONE, "w1", note="3 pods", pods="3")
    first, second = ledger.entries()
    assert (first.step, first.node, first.event) == ("drain", "w1", Event.BEGUN)
    assert (second.note, second.data) == ("3 pods", {"pods": "3"})
    assert first.by == second.by != ""
    assert first.at <= second.at


def test_there_is_no_line_before_the_first(ledger: Ledger) -> None:
    assert ledger.entries() == ()


def test_a_line_that_a_crash_cut_off_is_passed_over_and_spoils_no_later_line(ledger: Ledger) -> None:
    ledger.append("leave", "drain", Event.BEGUN, "w1")
    with ledger.path.open("ab") as file:
        file.write(b'{"at": "2026-11-2')
    ledger.append("leave", "drain", Event.DONE, "w1")
    assert [entry.event for entry in ledger.entries()] == [Event.BEGUN, Event.DONE]


def test_lines_of_one_run_can_be_asked_for(ledger: Ledger) -> None:
    ledger.append("a", "drain", Event.DONE, "w1")
    ledger.append("b", "drain", Event.DONE, "w2")
    assert [entry.node for entry in ledger.entries("b")] == ["w2"]


def test_what_was_begun_and_never_ended_is_found(ledger: Ledger) -> None:
    ledger.append("a", "drain", Event.BEGUN, "w1")
    ledger.append("a", "drain", Event.DONE, "w1")
    ledger.append("a", "drain", Event.BEGUN, "w2")
    assert [entry.node for entry in unfinished(ledger.entries())] == ["w2"]


def test_a_step_that_failed_and_was_done_later_is_finished(ledger: Ledger) -> None:
    ledger.append("a", "drain", Event.FAILED, "w1")
    assert finished(ledger.entries()) == frozenset()
    ledger.append("a", "drain", Event.DONE, "w1")
    assert finished(ledger.entries()) == {("drain", "w1")}
