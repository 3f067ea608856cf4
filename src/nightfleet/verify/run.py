"""Running the checks: pytest as a child process, listened to while it runs.

Leaves two files on the operator's side, in ~/.local/state/nightfleet/<site>/: verify.json, the report, and
verify.log, all that pytest said about it.
"""

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from nightfleet.errors import Exit, NightfleetError
from nightfleet.home import state_dir
from nightfleet.site import Site
from nightfleet.verify.checks import Check, VerifyReport

REPORT, LOG = "verify.json", "verify.log"
IN_ORDER = (0, 1)  # pytest: all passed, some failed
NOTHING = 5  # pytest: no test was collected


def verify(
    site: Site, argv: tuple[str, ...], home: Path, tell: Callable[[int, Check | None], None]
) -> VerifyReport:
    """Run `argv` and wait. `tell` hears how many checks there are, with None, then of each as it ends."""
    began = time.monotonic()
    folder = state_dir(site.site)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    read_end, write_end = os.pipe()
    options = ("-p", "no:cacheprovider", "--check-events", f"/dev/fd/{write_end}")
    with (folder / LOG).open("w", encoding="utf-8") as log, os.fdopen(read_end, "rb") as events:
        child = subprocess.Popen(
            [sys.executable, "-m", *argv, *options],
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=(write_end,),
            start_new_session=True,  # ctrl-c at the terminal reaches us alone, and we pass it on once
        )
        os.close(write_end)
        try:
            checks = [check for check in map(heard(tell), events) if check is not None]
        except BaseException:
            child.send_signal(signal.SIGINT)  # pytest ends its connections
            raise
        finally:
            code = child.wait()
    if code not in IN_ORDER:
        raise broken(code, argv, folder / LOG)
    report = VerifyReport(
        site=site.site, command=argv, seconds=round(time.monotonic() - began, 1), checks=tuple(checks)
    )
    keep(report, folder / REPORT)
    return report


def heard(tell: Callable[[int, Check | None], None]) -> Callable[[bytes], Check | None]:
    """Return what reads one line of events and passes it on."""
    total = 0

    def read(line: bytes) -> Check | None:
        nonlocal total
        if line.startswith(b'{"total"'):
            total = int(line.split(b":")[1].strip(b" }\n"))
            tell(total, None)
            return None
        check = Check.model_validate_json(line)
        tell(total, check)
        return check

    return read


def broken(code: int, argv: tuple[str, ...], log: Path) -> NightfleetError:
    """Say why there is no report."""
    if code == NOTHING:
        hint = "leave out --only or name other nodes"
        return NightfleetError("no check applies to these nodes", shlex.join(argv), hint, Exit.USAGE)
    said = [line for line in log.read_text(encoding="utf-8").splitlines() if line.strip()]
    what = f"pytest ended with {code}: {' / '.join(said[-3:]) or 'it said nothing'}"
    return NightfleetError(what, shlex.join(argv), f"see {log}")


def keep(report: VerifyReport, path: Path) -> None:
    """Write the report so that readers see all of it or none."""
    draft = path.with_name(f".{path.name}-{os.getpid()}")
    draft.write_text(report.model_dump_json(indent=1) + "\n", encoding="utf-8")
    draft.replace(path)
