"""The report of one converge: every node's state with its reasons, as one immutable value.

It is stored as JSON (`schema_number` tells readers what to expect), printed as tables and as HTML.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from nightfleet.errors import Exit

SCHEMA = 1


class NodeState(StrEnum):
    """How a node came out. In a dry run `changed` means: would change."""

    CHANGED = "changed"
    UNCHANGED = "unchanged"
    FAILED = "failed"  # an operation failed, a fact failed, or deploy code raised on it
    REFUSED = "refused"  # a guard said no; the reason names the way out
    UNREACHABLE = "unreachable"  # no connection, or it was lost on the way
    NOT_REACHED = "not_reached"  # the run ended before this node was done, through no fault of its own


FINE = frozenset({NodeState.CHANGED, NodeState.UNCHANGED})


class OperationState(StrEnum):
    """How one operation on one node came out."""

    CHANGED = "changed"
    PERHAPS = "perhaps"  # dry run: will change if something before it does
    UNCHANGED = "unchanged"
    IGNORED = "ignored"  # failed, and was allowed to
    FAILED = "failed"
    CUT_OFF = "cut_off"  # began, and the run ended


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class OperationReport(_Part):
    """One operation on one node; `began` in seconds after the converge began."""

    name: str
    state: OperationState
    began: float = 0.0
    seconds: float = 0.0
    attempts: int = 1
    nested: bool = False
    command: str = ""  # that failed
    output: tuple[str, ...] = ()  # the last lines it said; of one that went well, what it waited for


class NodeReport(_Part):
    """One node: its state, why, and its operations in the order they ran."""

    name: str
    wave: int
    state: NodeState
    reason: str = ""
    hint: str = ""
    output: tuple[str, ...] = ()  # what was said outside of operations
    seconds: float = 0.0
    operations: tuple[OperationReport, ...] = ()

    @property
    def changes(self) -> int:
        """Return how many operations changed something (or would)."""
        return sum(op.state is OperationState.CHANGED and not op.nested for op in self.operations)

    @property
    def failures(self) -> tuple[OperationReport, ...]:
        """Return the operations that failed; of nested ones the innermost says why, so all are kept."""
        return tuple(op for op in self.operations if op.state is OperationState.FAILED)


class WaveReport(_Part):
    """One pyinfra process. `argv` does the same by hand; `error` is what pyinfra said when it gave up."""

    number: int
    argv: tuple[str, ...]
    nodes: tuple[str, ...]
    exit_code: int | None = None  # None: not started; negative: ended by that signal
    seconds: float = 0.0
    error: tuple[str, ...] = ()


class ConvergeReport(_Part):
    """Everything that one converge did."""

    schema_number: int = SCHEMA
    site: str
    only: str | None = None
    dry: bool = False
    started: datetime
    seconds: float
    interrupted: bool = False
    waves: tuple[WaveReport, ...]
    nodes: tuple[NodeReport, ...]

    def in_state(self, *states: NodeState) -> tuple[NodeReport, ...]:
        """Return the nodes in one of `states`, in the order of the site."""
        return tuple(node for node in self.nodes if node.state in states)

    @property
    def unfinished(self) -> tuple[str, ...]:
        """Return the names of the nodes that `--failed` would try again."""
        return tuple(node.name for node in self.nodes if node.state not in FINE)

    @property
    def changes(self) -> int:
        """Return the changes on all nodes."""
        return sum(node.changes for node in self.nodes)


def merged(first: NodeReport, again: NodeReport) -> NodeReport:
    """Join the reports of a node that ran in two waves: what went wrong in either went wrong."""
    worse = again if again.state not in FINE else first
    state = worse.state
    if {first.state, again.state} <= FINE:
        state = again.state if first.state is NodeState.UNCHANGED else first.state
    return worse.model_copy(
        update={
            "wave": first.wave,
            "state": state,
            "seconds": round(first.seconds + again.seconds, 3),
            "operations": first.operations + again.operations,
        }
    )


def exit_code(report: ConvergeReport) -> Exit:
    """0 all fine; 3 nothing went wrong but refusals; 4 some nodes are fine; 1 none is."""
    bad = [node.state for node in report.nodes if node.state not in FINE]
    if not bad:
        return Exit.DONE
    if _all(bad, NodeState.REFUSED):
        return Exit.REFUSED
    return Exit.PARTLY if len(bad) < len(report.nodes) else Exit.FAILED


def _all(states: Iterable[NodeState], wanted: NodeState) -> bool:
    return all(state is wanted for state in states)
