"""Claims about the page of a leave."""

from datetime import UTC, datetime

from nightfleet.membership.fingerprint import Comparison, Difference
from nightfleet.membership.html import render_leave
from nightfleet.membership.left import Left

AT = datetime(2026, 11, 28, 1, 2, tzinfo=UTC)


def test_a_machine_that_is_as_it_was_says_so() -> None:
    page = render_leave(Left("w1", comparison=Comparison(2120, (), (), {"logs": 3})), AT)
    assert "The machine is as it was: 2120 facts agree." in page
    assert "<td>3</td><td>logs</td>" in page


def test_differences_are_listed_by_kind_and_escaped() -> None:
    one = Difference("user", "<me>", None, "1:1")
    page = render_leave(Left("w1", took={"prove": 2.0}, comparison=Comparison(9, (one,), (), {})), AT)
    assert "1 of 9 facts are not as they were" in page
    assert "accounts (1)" in page
    assert "&lt;me&gt;" in page


def test_what_holds_a_leave_up_is_told() -> None:
    page = render_leave(Left("w1", held={"lab/web": "the budget web forbids it"}), AT)
    assert "on its way out" in page
    assert "lab/web: the budget web forbids it" in page
