"""What a host says about its files, units and packages, as values; parsing is pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

SUM = re.compile(r"(\\?)([0-9a-f]{64}) [ *](.+)")  # of sha256sum(1)


@dataclass(frozen=True, slots=True)
class PathState:
    """One path: kind is f (file), l (link), d (directory) or find's letter for anything else."""

    kind: str
    mode: int
    owner: str
    group: str
    target: str  # of a link
    changed: float  # ctime, seconds since the epoch
    sha256: str = ""  # of a regular file


@dataclass(frozen=True, slots=True)
class UnitState:
    """One systemd unit, as `systemctl show` tells it."""

    loaded: bool
    active: bool
    enabled: bool
    needs_reload: bool
    started: float | None  # of its main process, seconds since the epoch


def parse_paths(output: Iterable[str]) -> dict[str, PathState]:
    """Read `find -printf` lines (tab separated, see `Paths`) followed by sha256sum lines."""
    found: dict[str, PathState] = {}
    for line in output:
        if "\t" in line:
            kind, mode, owner, group, changed, target, path = line.split("\t", 6)
            found[path] = PathState(kind, int(mode, 8), owner, group, target, float(changed))
        elif sums := SUM.fullmatch(line):
            escaped, digest, path = sums.groups()
            if escaped:  # the name has a backslash, as that of a swap unit has
                path = path.replace("\\\\", "\\")
            if path in found and found[path].kind == "f":
                state = found[path]
                found[path] = PathState(
                    state.kind, state.mode, state.owner, state.group, "", state.changed, digest
                )
    return found


def parse_units(output: Iterable[str]) -> dict[str, UnitState]:
    """Read `systemctl show` blocks, separated by empty lines."""
    units: dict[str, UnitState] = {}
    block: dict[str, str] = {}
    for line in (*output, ""):
        if line:
            key, _, value = line.partition("=")
            block[key] = value
        elif block:
            units[block["Id"]] = UnitState(
                loaded=block.get("LoadState") == "loaded",
                active=block.get("ActiveState") in ("active", "activating", "reloading")
                and block.get("SubState") != "auto-restart",  # it crashed, and would again
                enabled=block.get("UnitFileState") in ("enabled", "enabled-runtime", "static"),
                needs_reload=block.get("NeedDaemonReload") == "yes",
                started=_timestamp(block.get("ExecMainStartTimestamp", "")),
            )
            block = {}
    return units


def _timestamp(text: str) -> float | None:
    """`Mon 2026-11-23 10:00:00.123456 UTC` -> seconds since the epoch; empty or n/a -> None."""
    words = text.split()
    if len(words) != 4:
        return None
    form = "%Y-%m-%d %H:%M:%S.%f" if "." in words[2] else "%Y-%m-%d %H:%M:%S"
    return datetime.strptime(f"{words[1]} {words[2]}", form).replace(tzinfo=UTC).timestamp()


def parse_packages(output: Iterable[str]) -> dict[str, str]:
    """Read dpkg-query lines `name<TAB>status<TAB>version`; only what is fully installed counts."""
    rows = (line.split("\t") for line in output if line.count("\t") == 2)
    return {name: version for name, status, version in rows if status.strip() == "ii"}
