"""Services: enabled, running, and restarted exactly when what they read is newer than they are."""

import shlex
from collections.abc import Generator, Sequence

from pyinfra.api.command import StringCommand
from pyinfra.api.operation import operation
from pyinfra.context import host

from deploys.hostops.facts import Units
from deploys.hostops.this import ask
from deploys.hostops.wanted import Unit, steps


@operation()
def run_units(units: Sequence[Unit]) -> Generator[StringCommand, None, None]:
    """Bring units up to date with what is on disk."""
    reads = [path for unit in units for path in unit.reads]
    found, paths = ask(Units, units=[unit.name for unit in units], reads=reads)
    calls = steps(units, found, paths)
    if not calls:
        host.noop(f"{', '.join(unit.name for unit in units)}: running with what is on disk")
        return
    # systemctl only says where the reason can be read; a report should hold it
    names = " ".join(f"--unit {shlex.quote(unit.name)}" for unit in units)
    why = f"journalctl --no-pager --quiet --output cat --lines 5 {names} >&2; exit 1"
    yield StringCommand(f"{' && '.join(calls)} || {{ {why}; }}")
