"""The pytest command line of a verify. Pure, but for the look at which checks exist."""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from nightfleet.converge.choose import fold
from nightfleet.errors import Exit, NightfleetError
from nightfleet.home import is_path
from nightfleet.site import Site

FILE = "verify.py"


def pytest_argv(
    site: Site, named: str, nodes: Sequence[str], home: Path, only: str | None = None
) -> tuple[str, ...]:
    """Return what does the same by hand from the root of the clone; `named` is how --site was written."""
    files = [f"deploys/{capability}/{FILE}" for capability in ([only] if only else capabilities(home))]
    chosen = () if len(nodes) == len(site.fleet) else ("--nodes", fold(nodes))
    return ("pytest", *files, "--site", str(site.path) if is_path(named) else named, *chosen)


def capabilities(home: Path) -> list[str]:
    """Return the capabilities that have checks."""
    return sorted(path.parent.name for path in (home / "deploys").glob(f"*/{FILE}"))


def check_capability(name: str, home: Path) -> None:
    """Raise NightfleetError when there are no checks of this name."""
    known = capabilities(home)
    if name in known:
        return
    near = get_close_matches(name, known, n=1)
    raise NightfleetError(
        f"there are no checks of {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""),
        str(home / "deploys"),
        f"capabilities: {', '.join(known)}",
        Exit.USAGE,
    )
