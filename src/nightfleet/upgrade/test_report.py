"""Claims about the report: its exit code, and that a person can look at it."""

from datetime import UTC, datetime

import pytest

from nightfleet.errors import Exit
from nightfleet.upgrade.html import render_html
from nightfleet.upgrade.report import NodeReport, PhaseReport, State, UpgradeReport, exit_code


def report(*states: State, stopped: str = "") -> UpgradeReport:
    phase = PhaseReport(name="drain", began=1, seconds=2.5, failed=stopped != "")
    nodes = [
        NodeReport(name=f"w{place}", state=state, reason=f"<{state}>", phases=(phase,))
        for place, state in enumerate(states)
    ]
    return UpgradeReport(
        site="lab",
        target="1.36.3",
        running="1.35.4",
        started=datetime(2026, 11, 25, tzinfo=UTC),
        seconds=10,
        stopped=stopped,
        nodes=tuple(nodes),
    )


@pytest.mark.parametrize(
    ("states", "stopped", "code"),
    [
        ((State.DONE, State.UNCHANGED), "", Exit.DONE),
        ((State.DONE, State.FAILED), "", Exit.PARTLY),
        ((State.DONE, State.LEFT_OUT), "", Exit.PARTLY),
        ((State.FAILED, State.NOT_REACHED), "w0 failed", Exit.FAILED),
        ((State.DONE, State.DONE), "the proof failed", Exit.PARTLY),
    ],
)
def test_the_exit_code_says_whether_all_some_or_none_are_done(
    states: tuple[State, ...], stopped: str, code: Exit
) -> None:
    assert exit_code(report(*states, stopped=stopped)) is code


def test_the_page_names_what_is_not_done_and_draws_every_phase() -> None:
    page = render_html(report(State.DONE, State.FAILED, stopped="w1 failed"))
    assert "It stopped: w1 failed" in page
    assert "&lt;failed&gt;" in page
    assert page.count("<rect") == 2
    assert "undefined" not in page.lower()
