"""What every capability builds on: few, whole operations, each one fact and at most one action per host.

pyinfra's own operations ask one or more questions per file, package and unit; a capability with ten files
would spend thirty round trips on finding nothing to do. These ask about all of them at once
(docs/decisions/0004).
"""

from deploys.hostops.artifacts import install_artifacts
from deploys.hostops.packages import install_packages
from deploys.hostops.paths import place
from deploys.hostops.progress import report_progress
from deploys.hostops.reboot import request_reboot
from deploys.hostops.refusal import refuse_if
from deploys.hostops.remember import bring_record, remember_machine, take_back
from deploys.hostops.this import arch, machine, node, site
from deploys.hostops.units import run_units
from deploys.hostops.wanted import File, Install, Link, Unit

__all__ = [
    "File",
    "Install",
    "Link",
    "Unit",
    "arch",
    "bring_record",
    "install_artifacts",
    "install_packages",
    "machine",
    "node",
    "place",
    "refuse_if",
    "remember_machine",
    "report_progress",
    "request_reboot",
    "run_units",
    "site",
    "take_back",
]
