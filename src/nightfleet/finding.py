"""What a doctor says, of a site or of a cloud: one finding per question, and per node that is not well."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """How it is; unknown means that nobody could look."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """One answer, with the way out when it is not a good one."""

    check: str
    status: Status
    what: str
    hint: str = ""


def gathered(check: str, verdicts: Mapping[str, Finding], well: str) -> Iterator[Finding]:
    """Sum up one question put to many nodes: one line for all that are well, one for each that is not."""
    good = [node for node, finding in verdicts.items() if finding.status is Status.OK]
    if good:
        yield Finding(check, Status.OK, f"{len(good)} of {len(verdicts)} nodes: {well}")
    for node, finding in verdicts.items():
        if finding.status is not Status.OK:
            yield Finding(check, finding.status, f"{node}: {finding.what}", finding.hint)
