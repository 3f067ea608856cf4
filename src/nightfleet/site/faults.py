"""What is wrong with a site file: faults with their lines, and the one error that holds them all."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nightfleet.errors import Exit, NightfleetError

At = tuple[
    str | int, ...
]  # keys and list positions from the top of the file: ("nodes", "lab-c1", "roles", 0)


@dataclass(frozen=True, slots=True)
class Fault:
    """One mistake: what is wrong, at which key, and what would be right."""

    what: str
    at: At = ()
    hint: str = ""
    line: int = 0  # 1 is the first; 0 as long as only the key is known


class SiteError(NightfleetError):
    """A site file with faults, all of them in the order of the file; exit code 2."""

    def __init__(self, path: Path, faults: Sequence[Fault]) -> None:
        self.path = path
        self.faults = tuple(sorted(dict.fromkeys(faults), key=lambda fault: fault.line))
        name = shown(path)
        if len(self.faults) == 1:
            fault = self.faults[0]
            super().__init__(fault.what, place(name, fault), fault.hint, Exit.USAGE)
        else:
            super().__init__(
                f"{len(self.faults)} faults{listed(name, self.faults)}", name, exit_code=Exit.USAGE
            )


def listed(name: str, faults: Sequence[Fault]) -> str:
    """Return the faults as an indented list, each `file:line: what` with its hint below."""
    return "".join(
        f"\n  {place(name, fault)}: {fault.what}" + (f"\n    {fault.hint}" if fault.hint else "")
        for fault in faults
    )


def place(name: str, fault: Fault) -> str:
    """Return `file:line`, as editors and terminals can open it."""
    return f"{name}:{fault.line}" if fault.line else name


def shown(path: Path) -> str:
    """Return the path as people would write it here: relative below the working directory."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
