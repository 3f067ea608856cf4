"""The report of one upgrade: every node with its versions, its phases and, where it failed, the way out."""

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from nightfleet.errors import Exit

SCHEMA = 1


class State(StrEnum):
    """How a node came out."""

    DONE = "done"
    UNCHANGED = "unchanged"  # it had the versions already
    FAILED = "failed"
    LEFT_OUT = "left_out"  # not Ready or out of reach, and tolerated
    NOT_REACHED = "not_reached"  # the upgrade stopped before


FINE = frozenset({State.DONE, State.UNCHANGED})


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PhaseReport(_Part):
    """One phase of one node; `began` in seconds after the upgrade began."""

    name: str
    began: float
    seconds: float
    failed: bool = False


class NodeReport(_Part):
    """One node; `changes` are lines like `kubernetes 1.35.4 -> 1.36.3`."""

    name: str
    state: State
    changes: tuple[str, ...] = ()
    reason: str = ""
    hint: str = ""
    phases: tuple[PhaseReport, ...] = ()


class UpgradeReport(_Part):
    """Everything that one run did. `stopped` says why it ended before its last step."""

    schema_number: int = SCHEMA
    site: str
    target: str
    running: str
    started: datetime
    seconds: float
    backup: str = ""
    stopped: str = ""
    hint: str = ""
    steps: tuple[PhaseReport, ...] = ()  # that belong to no single node: backup, images, proof
    nodes: tuple[NodeReport, ...]

    def in_state(self, *states: State) -> tuple[NodeReport, ...]:
        """Return the nodes in one of `states`, in the order of the site."""
        return tuple(node for node in self.nodes if node.state in states)

    @property
    def unfinished(self) -> tuple[str, ...]:
        """Return the names of the nodes that do not have their versions."""
        return tuple(node.name for node in self.nodes if node.state not in FINE)


def exit_code(report: UpgradeReport) -> Exit:
    """0 every node has its versions; 4 some have; 1 none has."""
    if not (report.stopped or report.unfinished):
        return Exit.DONE
    return Exit.PARTLY if report.in_state(*FINE) else Exit.FAILED
