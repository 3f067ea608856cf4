"""The control group of a host: a ceiling for its memory, and a sure way to find every process of it.

Where systemd is the machine's init, each host is a scope with delegation. Elsewhere the groups are made by
hand, on cgroup v1 one per controller. All carry the same name: one search finds all of a host.
"""

import contextlib
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from nightfleet.lab import process
from nightfleet.lab.layout import CGROUPS

GIB = 1024**3


@dataclass(frozen=True, slots=True)
class CgroupFacts:
    version: int  # 1 or 2
    hierarchies: tuple[Path, ...]  # where they are mounted: one on v2, one per controller on v1
    systemd: bool  # systemd is the machine's init and owns the tree


def group_name(lab: str, host: str) -> str:
    return f"nightfleet-lab-{lab}.{host}"


def launcher(facts: CgroupFacts, group: str, memory_gib: float | None) -> list[str]:
    """What to put before a command so that it runs in its group."""
    if facts.systemd:
        ceiling = [f"--property=MemoryMax={int(memory_gib * GIB)}"] if memory_gib else []
        scope = ["systemd-run", "--scope", "--quiet", "--collect", f"--unit={group}.scope"]
        return [*scope, "--property=Delegate=yes", *ceiling, "--"]
    enter = " ".join(shlex.quote(str(hierarchy / group / "cgroup.procs")) for hierarchy in facts.hierarchies)
    return ["sh", "-c", f'for group in {enter}; do echo $$ > "$group" || exit 71; done; exec "$@"', "sh"]


def make(facts: CgroupFacts, group: str, memory_gib: float | None) -> None:
    if facts.systemd:
        return
    for hierarchy in facts.hierarchies:
        directory = hierarchy / group
        directory.mkdir(exist_ok=True)
        if facts.version == 1:
            _inherit_cpuset(hierarchy, directory)
        else:
            _delegate(hierarchy)
    ceiling = str(int(memory_gib * GIB)) if memory_gib else "-1" if facts.version == 1 else "max"
    file = "memory.limit_in_bytes" if facts.version == 1 else "memory.max"
    for hierarchy in facts.hierarchies:
        limit = hierarchy / group / file
        if limit.exists():
            limit.write_text(ceiling)


def _inherit_cpuset(hierarchy: Path, directory: Path) -> None:
    """A new cpuset of cgroup v1 is empty, and nothing may enter it until it has processors and memory."""
    for file in ("cpuset.cpus", "cpuset.mems"):
        if (directory / file).exists():
            (directory / file).write_text((hierarchy / file).read_text())


def _delegate(hierarchy: Path) -> None:
    """Hand on each controller; in a container that owns only a part of the tree some are refused."""
    for controller in (hierarchy / "cgroup.controllers").read_text().split():
        with contextlib.suppress(OSError):
            (hierarchy / "cgroup.subtree_control").write_text(f"+{controller}")


def belongs(cgroup_file: str, group: str) -> bool:
    """Whether a /proc/PID/cgroup names this group: itself, a child of it, or its scope."""
    names = {group, f"{group}.scope"}
    return any(not names.isdisjoint(line.split(":", 2)[-1].split("/")) for line in cgroup_file.splitlines())


def processes(groups: Sequence[str]) -> list[process.Process]:
    found = []
    for directory in Path("/proc").iterdir():
        if directory.name.isdigit():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                text = (directory / "cgroup").read_text()
                if any(belongs(text, group) for group in groups):
                    found.append(process.of(int(directory.name)))
    return [one for one in found if one is not None]


def existing(lab: str) -> Iterator[str]:
    """The groups of a lab that are there, known to its state or not."""
    prefix = group_name(lab, "")
    names = {
        directory.name.removesuffix(".scope")
        for pattern in (f"{prefix}*", f"*/{prefix}*", f"*/*/{prefix}*")
        for directory in CGROUPS.glob(pattern)
        if directory.is_dir()
    }
    yield from sorted(names)


def remove(facts: CgroupFacts, group: str) -> None:
    """Take away empty groups, children first; those of systemd end by themselves."""
    for hierarchy in facts.hierarchies:
        top = hierarchy / group
        if top.is_dir():
            below = sorted(
                (path for path in top.rglob("*") if path.is_dir()), key=lambda path: -len(path.parts)
            )
            for directory in (*below, top):
                with contextlib.suppress(FileNotFoundError):
                    directory.rmdir()


def memory_used(facts: CgroupFacts, group: str) -> int | None:
    """Bytes that a host's processes use, its page cache left out where the kernel tells."""
    for hierarchy in facts.hierarchies:
        for directory in (hierarchy / group, hierarchy / "system.slice" / f"{group}.scope"):
            for usage, cache in (("memory.current", "file "), ("memory.usage_in_bytes", "total_cache ")):
                if (directory / usage).exists():
                    used = int((directory / usage).read_text())
                    stat = (directory / "memory.stat").read_text().splitlines()
                    cached = sum(int(line.split()[1]) for line in stat if line.startswith(cache))
                    return max(used - cached, 0)
    return None
