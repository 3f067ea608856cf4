"""The planner's steps, carried out. Each operation looks again just before: no plan is older than that."""

from collections.abc import Generator

from pyinfra.api.command import StringCommand
from pyinfra.api.operation import operation
from pyinfra.context import host

from deploys.disks.facts import planned_here
from deploys.hostops.facts import Paths, Units
from deploys.hostops.refusal import refusal
from deploys.hostops.this import ask
from deploys.hostops.wanted import Unit, steps
from nightfleet.disks.plan import growth
from nightfleet.disks.steps import script
from nightfleet.disks.volume import LOGS_SOURCE


@operation()
def lay_out() -> Generator[StringCommand, None, None]:
    """Make what lacks: partitions, volumes, image files, filesystems; refuse whatever else is there."""
    _, planned = planned_here()
    if planned.refusals:
        yield refusal(planned.refusals)
    elif planned.steps:
        yield StringCommand(script(planned.steps))
    else:
        host.noop("the disks are laid out")


@operation()
def bind_logs(unit: Unit | None) -> Generator[StringCommand, None, None]:
    """Have the folder for logs on kubelet's filesystem, and bind it to where the runtime writes them.

    kubelet's filesystem outlives a node's membership, whose end empties it; so the folder may be gone.
    """
    if unit is None:
        host.noop("logs of pods stay where they are")
        return
    folder = ask(Paths, paths=[LOGS_SOURCE])
    found, _ = ask(Units, units=[unit.name])
    calls = [*([] if folder else [f"mkdir -m 755 {LOGS_SOURCE}"]), *steps([unit], found, {})]
    if calls:
        yield StringCommand(" && ".join(calls))
    else:
        host.noop("logs of pods lie on kubelet's filesystem")


@operation()
def grow_filesystems() -> Generator[StringCommand, None, None]:
    """Let mounted filesystems take the room that their partitions have by now."""
    found, planned = planned_here()
    if lagging := growth(found, planned.volumes):
        yield StringCommand(script(lagging))
    else:
        host.noop("every filesystem has the size of what it lies on")
