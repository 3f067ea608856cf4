"""Claims about the command that a converge's report names next."""

from datetime import UTC, datetime

from nightfleet.cli.reporting import ASKS, next_command
from nightfleet.converge import ConvergeReport, NodeReport, NodeState, OperationReport, OperationState


def report(name: str, state: OperationState) -> ConvergeReport:
    done = OperationReport(name=name, state=state)
    node = NodeReport(name="w1", wave=1, state=NodeState.CHANGED, operations=(done,))
    at = datetime(2026, 11, 28, tzinfo=UTC)
    return ConvergeReport(
        site="lab", only=None, dry=False, started=at, seconds=1, interrupted=False, waves=(), nodes=(node,)
    )


def test_who_asked_for_a_reboot_gets_it_as_the_next_command() -> None:
    asked = report(f"gpu | {ASKS}", OperationState.CHANGED)
    assert next_command(asked, "lab") == "nightfleet node reboot --needed"


def test_a_wish_that_is_old_or_none_leads_on_to_verify() -> None:
    assert next_command(report(f"gpu | {ASKS}", OperationState.UNCHANGED), "lab") == "nightfleet verify"
    assert next_command(report("base | Write settings", OperationState.CHANGED), "lab") == "nightfleet verify"
