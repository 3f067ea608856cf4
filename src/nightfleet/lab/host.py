"""The seam between a lab and what its hosts are made of. Another kind of host is another entry in `KINDS`."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from nightfleet.errors import NightfleetError
from nightfleet.lab.machine import LabFacts, gather
from nightfleet.lab.nspawn import NspawnHost
from nightfleet.lab.spec import HostSpec, LabSpec
from nightfleet.lab.state import State


class Host(Protocol):
    """One host of a lab. Every call may be repeated; none needs the one before to have ended well."""

    spec: HostSpec

    def state(self) -> State: ...

    def prepare(self, base: Path) -> None:
        """Make its root over `base`, and its disks, where they are not made yet."""

    def start(self) -> None:
        """Boot it, unless it runs; returns when it was started, before it is reachable."""

    def stop(self) -> None:
        """Shut it down, by force if it does not end in time."""

    def kill(self) -> None:
        """As if its power were cut."""

    def boot_id(self) -> str | None:
        """Changes with every boot; None while it is down."""


KINDS: dict[str, Callable[[LabSpec, HostSpec, LabFacts], Host]] = {"nspawn": NspawnHost}


def hosts(lab: LabSpec) -> dict[str, Host]:
    """Every host of a lab by name."""
    facts = gather()
    return {spec.name: host(lab, spec, facts) for spec in lab.hosts}


def host(lab: LabSpec, spec: HostSpec, facts: LabFacts) -> Host:
    if spec.kind not in KINDS:
        raise NightfleetError(
            f"no such kind of host: '{spec.kind}'", spec.name, f"use one of {', '.join(KINDS)}"
        )
    return KINDS[spec.kind](lab, spec, facts)
