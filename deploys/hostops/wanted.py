"""What plans ask for: files, links, units, artifacts; and how each compares with what is found. Pure."""

import hashlib
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from deploys.hostops.state import PathState, UnitState
from nightfleet.depot.model import Stored, load_lock

OPT = "/opt/nightfleet"


@dataclass(frozen=True, slots=True)
class File:
    """One file that should be there with this content."""

    path: str
    content: str
    mode: int = 0o644
    owner: str = "root"
    group: str = "root"

    @classmethod
    def from_template(cls, path: str, template: Path, mode: int = 0o644, **values: Any) -> "File":
        """Render a template file; a value that is missing is an error."""
        return cls(path, _templates(template.parent).get_template(template.name).render(values), mode)

    def agrees(self, found: PathState | None) -> bool:
        """Tell whether the host has exactly this file."""
        return found is not None and (found.kind, found.mode, found.owner, found.group, found.sha256) == (
            "f",
            self.mode,
            self.owner,
            self.group,
            hashlib.sha256(self.content.encode()).hexdigest(),
        )


@cache
def _templates(folder: Path) -> Environment:
    """Compile each template once, however many hosts there are."""
    return Environment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
    )


@dataclass(frozen=True, slots=True)
class Link:
    """One symbolic link."""

    path: str
    target: str

    def agrees(self, found: PathState | None) -> bool:
        """Tell whether the host has exactly this link."""
        return found is not None and found.kind == "l" and found.target == self.target


@dataclass(frozen=True, slots=True)
class Install:
    """One artifact of the lock, and the links that put it into use: link path -> member of the artifact."""

    stored: Stored
    links: dict[str, str]

    @property
    def folder(self) -> str:
        """Where this very build lives; another version, or another build of it, has another folder."""
        return f"{OPT}/{self.stored.name}/{self.stored.version}-{self.stored.sha256[:8]}"

    @property
    def link_list(self) -> list[Link]:
        """The links as they should be."""
        return [Link(path, f"{self.folder}/{member}") for path, member in self.links.items()]

    def urls(self, depot: str | None) -> list[str]:
        """Where the host may fetch it, in order."""
        stored = self.stored
        by_depot = [f"{depot.rstrip('/')}/{stored.path}"] if depot else []
        if not stored.released:  # built from modules: the release site has other bytes
            return by_depot
        upstream = load_lock().artifact(stored.name, stored.version).url_of(stored.version, stored.arch)
        return [*by_depot, upstream]


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit that should be enabled and, unless `start` is False, run with what it reads now.

    `reads` are files or directories (one level). A process that started before one of them changed is
    restarted: told by time stamps, so that a controller killed between writing and restarting
    leaves nothing stale behind.
    """

    name: str
    reads: tuple[str, ...] = ()
    start: bool = True


UNKNOWN = UnitState(loaded=False, active=False, enabled=False, needs_reload=False, started=None)


def steps(units: Sequence[Unit], found: dict[str, UnitState], paths: dict[str, PathState]) -> list[str]:
    """Return the systemctl calls that bring the units to where they should be, in order."""
    states = {unit: found.get(unit.name, UNKNOWN) for unit in units}
    calls = []
    if any(not state.loaded or state.needs_reload for state in states.values()):
        calls.append("systemctl daemon-reload")
    for unit, state in states.items():
        name = shlex.quote(unit.name)
        if not state.enabled:
            calls.append(f"systemctl enable --quiet {name}")
        if is_stale(unit, state, paths) if state.active else unit.start:
            # systemd knows no restart of what only waits for somebody to look
            calls.append(f"systemctl {'start' if unit.name.endswith('.automount') else 'restart'} {name}")
    return calls


def is_stale(unit: Unit, state: UnitState, paths: dict[str, PathState]) -> bool:
    """Tell whether the unit's process is older than something it reads."""
    if state.started is None:
        return False
    ours = [
        found.changed
        for path, found in paths.items()
        if any(path == read or path.startswith(read.rstrip("/") + "/") for read in unit.reads)
    ]
    return any(changed > state.started for changed in ours)
