"""Running the system's own tools: one call, one error with what the tool said last."""

import shlex
import shutil
import subprocess
from collections.abc import Sequence

from nightfleet.errors import NightfleetError

# A tool must not outlive nightfleet: one that goes on after a `kill -9` works behind the next command's back.
MORTAL = ("setpriv", "--pdeathsig", "KILL", "--")
# A tool that starts others is killed with all of them, and its mounts go with its mount namespace.
CONFINED = (
    *MORTAL,
    *(
        "unshare",
        "--mount",
        "--propagation=slave",
        "--pid",
        "--fork",
        "--kill-child=KILL",
        "--mount-proc",
        "--",
    ),
)


def run(argv: Sequence[str], *, stdin: str = "", where: str = "", hint: str = "") -> str:
    """The standard output of a command that must succeed."""
    if not available(argv[0]):
        raise NightfleetError(f"'{argv[0]}' is not installed", where, hint or f"install {argv[0]}")
    done = subprocess.run(
        [*MORTAL, *argv], input=stdin, capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode != 0:
        last = " / ".join((done.stderr or done.stdout).strip().splitlines()[-3:]) or "it said nothing"
        raise NightfleetError(f"'{shlex.join(argv)}' ended with {done.returncode}: {last}", where, hint)
    return done.stdout


def succeeds(argv: Sequence[str]) -> bool:
    """Whether a command is there and ends with 0."""
    if not available(argv[0]):
        return False
    done = subprocess.run([*MORTAL, *argv], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return done.returncode == 0


def available(program: str) -> bool:
    return shutil.which(program) is not None
