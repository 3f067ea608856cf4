"""Keeps one program running: `python -m nightfleet.lab.keeper DIR [--again-on STATUS] -- PROGRAM ...`

A process of its own, so that it outlives the command that started it. In DIR it holds `lock` as long as it
lives (so there is never a second one), and writes `pid` (itself), `program` (what it runs) and `ended` (the
last status).
systemd-nspawn --keep-unit ends with 133 when its host wants to reboot: `--again-on 133` starts it again.
The program dies with its keeper: a keeper that is gone means a host that is off.
"""

import argparse
import fcntl
import os
import subprocess
import sys
import time
from pathlib import Path

from nightfleet.lab import process

LOCKED = 75


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="keeper")
    parser.add_argument("dir", type=Path)
    parser.add_argument("--again-on", type=int, default=None)
    parser.add_argument("program", nargs="+")
    given = parser.parse_args(argv)
    lock = (given.dir / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return LOCKED
    (given.dir / "ended").unlink(missing_ok=True)
    process.write(given.dir / "pid", os.getpid())
    status = _keep(given.dir, given.program, given.again_on)
    process.replace(given.dir / "ended", f"{status}\n")
    return 0


def _keep(directory: Path, program: list[str], again_on: int | None) -> int:
    while True:
        running = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "--", *program], stdin=subprocess.DEVNULL
        )
        process.write(directory / "program", running.pid)
        status = running.wait()
        (directory / "program").unlink(missing_ok=True)
        if status != again_on:
            return status
        time.sleep(0.2)  # the last network namespace takes a moment to let its interface go


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
