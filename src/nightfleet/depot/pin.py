"""go.mod and go.sum for a build: written once when a version enters the lock, and kept in the repository.

The main module's go.mod decides things that a dependency's go.mod cannot: language version and GODEBUG
defaults are taken over from the module that is built, and Kubernetes' staging directories become their
published modules.
"""

import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from nightfleet.depot.gobuild import find_go
from nightfleet.depot.model import Build, Lock
from nightfleet.depot.recipes import GOMODS
from nightfleet.errors import NightfleetError

OLDEST = "1.24.0"  # the first go.mod with `tool` lines


def pin(lock: Lock, name: str, version: str) -> Path:
    """Write gomods/NAME-VERSION; return the folder."""
    build = lock.builds[name]
    if build.source:
        raise NightfleetError(f"{name} uses the modules of {build.source}", hint="pin that one")
    go = find_go()
    with tempfile.TemporaryDirectory() as directory:
        work = Path(directory)
        first = _go([go, "mod", "download", "-json", f"{build.modules[0]}@v{version}"], work)
        upstream = Path(json.loads(first)["GoMod"]).read_text(encoding="utf-8")
        (work / "go.mod").write_text(go_mod(name, build, version, upstream), encoding="utf-8")
        _go([go, "mod", "tidy"], work)
        folder = GOMODS / f"{name}-{version}"
        folder.mkdir(parents=True, exist_ok=True)
        for file in ("go.mod", "go.sum"):
            shutil.copyfile(work / file, folder / file)
    return folder


def go_mod(name: str, build: Build, version: str, upstream: str) -> str:
    """Return the text that `go mod tidy` starts from; `upstream` is the go.mod of the module."""
    language = re.search(r"^go (\S+)$", upstream, re.MULTILINE)
    numbers = [OLDEST, *([language[1]] if language else [])]
    newest = max(numbers, key=lambda number: [int(part) for part in number.split(".")])
    debug = re.findall(r"^godebug \S+$", upstream, re.MULTILINE)
    staging = re.findall(r"^\s*(?:replace )?(\S+) => \./staging/src/\S+$", upstream, re.MULTILINE)
    lines = [f"module nightfleet.invalid/depot/{name}", "", f"go {newest}", *debug, ""]
    lines += [f"require {module} v{version}" for module in build.modules]
    lines += [f"replace {module} => {module} v0.{version.partition('.')[2]}" for module in staging]
    lines += [f"tool {package}" for package in build.commands.values()]
    return "\n".join(lines) + "\n"


def _go(command: list[str], directory: Path) -> str:
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NightfleetError(done.stderr.strip() or done.stdout.strip(), where=" ".join(command))
    return done.stdout
