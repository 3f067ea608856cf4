from datetime import UTC, datetime

import pytest

from nightfleet.converge.report import ConvergeReport, NodeReport, NodeState, exit_code
from nightfleet.errors import Exit

S = NodeState


def report(*states: NodeState) -> ConvergeReport:
    nodes = tuple(NodeReport(name=f"n{i}", wave=1, state=state) for i, state in enumerate(states))
    return ConvergeReport(
        site="lab", started=datetime(2026, 11, 23, tzinfo=UTC), seconds=1, waves=(), nodes=nodes
    )


@pytest.mark.parametrize(
    ("states", "code"),
    [
        ((), Exit.DONE),
        ((S.CHANGED, S.UNCHANGED), Exit.DONE),
        ((S.CHANGED, S.FAILED), Exit.PARTLY),
        ((S.UNCHANGED, S.UNREACHABLE), Exit.PARTLY),
        ((S.FAILED, S.UNREACHABLE, S.NOT_REACHED), Exit.FAILED),
        ((S.REFUSED,), Exit.REFUSED),
        ((S.REFUSED, S.CHANGED), Exit.REFUSED),
        ((S.REFUSED, S.FAILED), Exit.FAILED),
        ((S.REFUSED, S.FAILED, S.CHANGED), Exit.PARTLY),
    ],
)
def test_the_exit_code_tells_done_refused_partly_and_failed_apart(
    states: tuple[NodeState, ...], code: Exit
) -> None:
    assert exit_code(report(*states)) is code


def test_every_node_that_is_not_fine_is_tried_again() -> None:
    assert report(*NodeState).unfinished == ("n2", "n3", "n4", "n5")


def test_a_report_comes_back_from_json_as_it_was() -> None:
    before = report(*NodeState)
    assert ConvergeReport.model_validate_json(before.model_dump_json()) == before
