"""Running pyinfra: waves of nodes, one process each, and a typed report on every node.

choose    which nodes a person means               (pure)
waves     which nodes run together                 (pure)
command   the pyinfra command line                 (pure)
process   one pyinfra process, listened to while it runs
events    what is heard: per host, as it happens
output    pyinfra's JSON and messages              (pure)
collect   from what was heard to a report          (pure)
redact    secrets out of everything heard          (pure)
report    the report and its exit code             (pure)
store     runs on disk; lock: one converge per site
run       all of it: converge(site, nodes, only, dry, on_event) -> ConvergeReport
"""

from nightfleet.converge.choose import choose
from nightfleet.converge.events import Event, HostEvent, Kind, WaveEnded, WaveStarted
from nightfleet.converge.report import (
    ConvergeReport,
    NodeReport,
    NodeState,
    OperationReport,
    OperationState,
    WaveReport,
    exit_code,
)
from nightfleet.converge.run import converge
from nightfleet.converge.store import last_report

__all__ = [
    "ConvergeReport",
    "Event",
    "HostEvent",
    "Kind",
    "NodeReport",
    "NodeState",
    "OperationReport",
    "OperationState",
    "WaveEnded",
    "WaveReport",
    "WaveStarted",
    "choose",
    "converge",
    "exit_code",
    "last_report",
]
