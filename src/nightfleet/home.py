"""The clone that a command works in, and the site files under it. Looks at directories, reads no file."""

import os
from difflib import get_close_matches
from pathlib import Path

from nightfleet.errors import Exit, NightfleetError

VARIABLE = "NIGHTFLEET_HOME"
MARKS = ("versions.yaml", "deploys")  # what only the root of a clone has side by side
DEFAULT_SITE = "lab"


def home() -> Path:
    """Return the root of the clone: $NIGHTFLEET_HOME, else above the working directory, else our own."""
    if named := os.environ.get(VARIABLE):
        root = Path(named).expanduser().resolve()
        if not is_clone(root):
            raise NightfleetError(
                f"{root} is not a clone of nightfleet: it has no {' and '.join(MARKS)}",
                VARIABLE,
                "set it to the directory that holds both, or unset it and work inside the clone",
                Exit.USAGE,
            )
        return root
    here = Path.cwd()
    # An editable install knows its clone, so commands work from anywhere.
    for directory in (here, *here.parents, *Path(__file__).resolve().parents):
        if is_clone(directory):
            return directory
    raise NightfleetError(
        f"neither {here} nor a directory above it is a clone of nightfleet",
        hint=f"go into the clone, or set {VARIABLE} to it",
        exit_code=Exit.USAGE,
    )


def site_path(name: str = DEFAULT_SITE) -> Path:
    """Return the site file meant by `--site`: a name under inventory/, a site file, or its directory."""
    if is_path(name):
        path = Path(name).expanduser()
        return path / "site.yaml" if path.is_dir() else path
    path = home() / "inventory" / name / "site.yaml"
    if not path.is_file():
        known = site_names()
        near = get_close_matches(name, known, n=1)
        raise NightfleetError(
            f"there is no site {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""),
            str(path.parent.parent),
            f"sites: {', '.join(known) or 'none'}; `nightfleet site init {name}` starts one",
            Exit.USAGE,
        )
    return path


def site_names() -> list[str]:
    """Return the names that `--site` takes, sorted."""
    return sorted(path.parent.name for path in (home() / "inventory").glob("*/site.yaml"))


def is_path(name: str) -> bool:
    """Tell a path from a name, which has neither slash nor suffix: `lab` is a name, `./lab` is not."""
    return "/" in name or name in (".", "..") or name.endswith((".yaml", ".yml"))


def is_clone(directory: Path) -> bool:
    """Tell whether the directory holds all MARKS."""
    return all((directory / mark).exists() for mark in MARKS)


def state_dir(site: str) -> Path:
    """Return where the operator's side of a site is kept: kubeconfig, runs and reports ($XDG_STATE_HOME)."""
    base = os.environ.get("XDG_STATE_HOME", "")
    return (Path(base) if base.startswith("/") else Path.home() / ".local" / "state") / "nightfleet" / site
