"""What checks came to: one value per check, and all of them as a report. Read and written as JSON."""

from collections.abc import Iterable
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from nightfleet.errors import Exit

SCHEMA = 1


class Outcome(StrEnum):
    """How a check came out."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"  # it could not be asked


class Check(BaseModel):
    """One check on one node."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    capability: str
    node: str
    claim: str  # a sentence
    outcome: Outcome
    reason: str = ""  # one line, when it did not pass
    seconds: float = 0.0


class VerifyReport(BaseModel):
    """Everything that was checked in one run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_number: int = SCHEMA
    site: str
    command: tuple[str, ...]
    seconds: float
    checks: tuple[Check, ...]

    @property
    def nodes(self) -> tuple[str, ...]:
        """Return the nodes, in the order they were checked."""
        return tuple(dict.fromkeys(check.node for check in self.checks))

    @property
    def capabilities(self) -> tuple[str, ...]:
        """Return the capabilities, in the order they were checked."""
        return tuple(dict.fromkeys(check.capability for check in self.checks))

    @property
    def faults(self) -> tuple[Check, ...]:
        """Return what did not pass."""
        return tuple(check for check in self.checks if check.outcome is not Outcome.PASSED)

    @property
    def same_faults(self) -> dict[tuple[Outcome, str, str], tuple[Check, ...]]:
        """Return what did not pass by (outcome, node, reason): a silent node is one fault, not forty."""
        groups: dict[tuple[Outcome, str, str], tuple[Check, ...]] = {}
        for check in self.faults:
            key = (check.outcome, check.node, check.reason)
            groups[key] = (*groups.get(key, ()), check)
        return groups

    @property
    def exit_code(self) -> Exit:
        """Return 0 only when every check was made and passed."""
        return Exit.FAILED if self.faults or not self.checks else Exit.DONE

    def of(self, node: str, capability: str) -> tuple[Check, ...]:
        """Return the checks of one cell of the table."""
        return tuple(c for c in self.checks if (c.node, c.capability) == (node, capability))


def count(checks: Iterable[Check], outcome: Outcome) -> int:
    """Return how many came out like this."""
    return sum(check.outcome is outcome for check in checks)


def sentence(function: str) -> str:
    """test_it_runs_the_locked_version -> it runs the locked version."""
    return function.removeprefix("test_").replace("_", " ")
