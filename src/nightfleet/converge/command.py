"""The pyinfra command line of a wave. Pure, but for the look at which capabilities exist."""

import sysconfig
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from nightfleet.errors import Exit, NightfleetError
from nightfleet.site import Site

DEPLOY = "deploys/fleet.py"


def pyinfra_argv(
    site: Site,
    nodes: Sequence[str],
    home: Path,
    deploy: str = DEPLOY,
    only: str | None = None,
    dry: bool = False,
) -> tuple[str, ...]:
    """Return what does the same by hand from the root of the repository.

    Never --no-wait (pyinfra 3.10 then hides failures) nor --serial. A dry run goes without --yes, which
    would skip the look for changes; with --json it never asks.
    """
    limits = [] if len(nodes) == len(site.fleet) else [word for name in nodes for word in ("--limit", name)]
    return (
        "pyinfra",
        "--json",
        "--dry" if dry else "-y",
        inventory(site, home),
        f"deploys.{only}.{only}" if only else deploy,
        *limits,
    )


def inventory(site: Site, home: Path) -> str:
    """Return the path of the inventory beside the site file, relative to the repository where it can be."""
    hosts = site.path.with_name("hosts.py").resolve()
    return str(hosts.relative_to(home)) if hosts.is_relative_to(home) else str(hosts)


def executable() -> str:
    """Return the pyinfra of this very environment, whatever PATH says."""
    return str(Path(sysconfig.get_path("scripts")) / "pyinfra")


def capabilities(home: Path) -> list[str]:
    """Return the deploys that can run alone: deploys/containerd defines `containerd`."""
    rooms = ((path.parent.name, path) for path in (home / "deploys").glob("*/__init__.py"))
    return sorted(name for name, path in rooms if f"\ndef {name}(" in path.read_text(encoding="utf-8"))


def check_capability(name: str, home: Path) -> None:
    """Raise NightfleetError when there is no deploy of this name."""
    folder = home / "deploys"
    known = capabilities(home)
    if name in known:
        return
    near = get_close_matches(name, known, n=1)
    raise NightfleetError(
        f"there is no capability {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""),
        str(folder),
        f"capabilities: {', '.join(known)}",
        Exit.USAGE,
    )
