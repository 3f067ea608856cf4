"""Refusing: this host stops here, the others go on, and a person reads why."""

import shlex
from collections.abc import Generator, Sequence

from pyinfra.api.command import StringCommand
from pyinfra.api.operation import operation
from pyinfra.context import host

from deploys.hostops.progress import report_refusal

PREFIX = "nightfleet refuses: "  # nightfleet.converge tells refusals from failures by it


@operation()
def refuse_if(reasons: Sequence[str]) -> Generator[StringCommand, None, None]:
    """Fail this host with every reason, or do nothing when there is none."""
    if not reasons:
        host.noop("nothing speaks against this host")
        return
    yield refusal(reasons)


def refusal(reasons: Sequence[str]) -> StringCommand:
    """Return the command that fails this host, for operations that find out late.

    A person reads the reasons from a failing command's output; an exception in a deploy would end the run
    for every host (pyinfra 3.10).
    """
    lines = [PREFIX + reason for reason in reasons]
    report_refusal(lines)
    text = "\n".join(lines)
    return StringCommand(f"printf '%s\\n' {shlex.quote(text)} >&2; exit 3")
