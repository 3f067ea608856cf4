"""What an upgrade tells while it runs: phases of nodes, as they begin and end."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from nightfleet import converge


class Phase(StrEnum):
    """What a node goes through, in this order."""

    CORDON = "cordon"
    DRAIN = "drain"
    SOFTWARE = "software"  # pyinfra: deploys/upgrade.py
    API = "api server"
    ETCD = "etcd"
    READY = "ready"
    UNCORDON = "uncordon"
    BACKUP = "backup"
    IMAGES = "images"
    PROOF = "proof"


@dataclass(frozen=True, slots=True)
class Begun:
    """A node begins a phase."""

    node: str
    phase: Phase


@dataclass(frozen=True, slots=True)
class Told:
    """Something worth a line, within a phase."""

    node: str
    text: str


@dataclass(frozen=True, slots=True)
class Ended:
    """A node is done, or failed."""

    node: str
    failed: str = ""


OnEvent = Callable[[Begun | Told | Ended | converge.Event], None]
