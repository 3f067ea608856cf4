"""What came of a leave. Pure."""

from dataclasses import dataclass, field

from nightfleet.errors import Exit
from nightfleet.membership.fingerprint import Comparison
from nightfleet.membership.leave import Step


@dataclass(slots=True)
class Left:
    """`held` are pods that a budget or their own slowness kept on the node; `took` has seconds by step."""

    node: str
    steps: list[Step] = field(default_factory=list)
    evicted: tuple[str, ...] = ()
    held: dict[str, str] = field(default_factory=dict)
    fault: str = ""
    comparison: Comparison | None = None
    seconds: float = 0.0
    took: dict[str, float] = field(default_factory=dict)

    @property
    def exit_code(self) -> Exit:
        """0: it has left (and is proven to be as it was); 4: it has left, or is on its way, but not that."""
        if self.fault or self.held or (self.comparison and not self.comparison.equal):
            return Exit.PARTLY
        return Exit.DONE
