"""The machine as it was before anything of ours touched it, written down once; and taking things back.

The record (templates/fingerprint.sh) lies on the host and, as a copy that the host cannot lose, at the
operator's. Every capability that puts something on a host has an `undo.py`, made of `take_back`.
"""

import base64
import os
from collections.abc import Generator, Sequence
from pathlib import Path

from pyinfra.api.command import FunctionCommand, StringCommand
from pyinfra.api.operation import operation
from pyinfra.context import host

from deploys.hostops.facts import HostFact
from deploys.hostops.machine import RECORD
from deploys.hostops.this import ask, machine, node, site
from nightfleet.home import state_dir

TEMPLATES = Path(__file__).parent / "templates"
FINGERPRINT = (TEMPLATES / "fingerprint.sh").read_text(encoding="utf-8")
UNDO = (TEMPLATES / "undo.sh").read_text(encoding="utf-8")
FOLDER = Path(RECORD).parent


class Record(HostFact):
    """The record; empty when there is none."""

    def command(self) -> str:
        return f"cat {RECORD} 2>/dev/null; true"

    def parse(self, output: list[str]) -> str:
        return "".join(f"{line}\n" for line in output)


class Left(HostFact):
    """Which of some paths (globs of the shell) are there."""

    @staticmethod
    def default() -> list[str]:
        return []

    def command(self, traces: Sequence[str]) -> str:
        return f"ls -1d {' '.join(traces)} 2>/dev/null; true"

    def parse(self, output: list[str]) -> list[str]:
        return output


@operation()
def remember_machine() -> Generator[StringCommand | FunctionCommand, None, None]:
    """Write down what the machine is, once, before anything of ours is on it; the operator has a copy."""
    copy = copy_of(site().site, node().name)
    seen = machine()
    if seen.remembered and copy.exists():
        host.noop("the machine is remembered as it was")
        return
    if seen.touched and not seen.remembered:
        host.noop("it was ours before anybody looked: there is nothing to remember it by")
        return
    if not seen.remembered:
        # in /run first: our own folder must not be among what was there before us
        yield StringCommand(
            f"umask 077; new=$(mktemp /run/nightfleet.XXXXXX) && {{\n{FINGERPRINT}\n}} >$new &&"
            f" mkdir -m 755 -p {FOLDER} && cp $new {RECORD}.new && mv -fT {RECORD}.new {RECORD}; code=$?\n"
            "rm -f $new; exit $code"
        )
    yield FunctionCommand(_save, (copy,), {})


@operation()
def bring_record() -> Generator[StringCommand, None, None]:
    """Give a host that lost its record the operator's copy, for the scripts that take things back."""
    copy = copy_of(site().site, node().name)
    if machine().remembered or not machine().touched or not copy.exists():
        host.noop("the record is where it is needed")
        return
    yield StringCommand(
        f"umask 077; mkdir -m 755 -p {FOLDER} && base64 -d >{RECORD}.new && mv -fT {RECORD}.new {RECORD}",
        _stdin=base64.encodebytes(copy.read_bytes()).decode(),
    )


@operation()
def take_back(traces: Sequence[str], script: str) -> Generator[StringCommand, None, None]:
    """Run what undoes a capability, as long as one of its traces (globs of the shell) is left.

    The script removes its traces last, so that a killed one is run again; templates/undo.sh has its words.
    """
    left = ask(Left, traces=traces)
    if not left:
        host.noop("nothing of it is left")
        return
    yield StringCommand(f"{UNDO}\n{script}")


def copy_of(site_name: str, node_name: str) -> Path:
    """Return where the operator keeps the record of a machine."""
    return state_dir(site_name) / "fingerprints" / f"{node_name}.txt"


def _save(copy: Path) -> None:
    """Write by rename, so that a reader never sees half a file."""
    content = ask(Record)
    copy.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = copy.with_name(f".{copy.name}.{os.getpid()}")
    temporary.touch(mode=0o600)
    temporary.write_text(content, encoding="utf-8")
    temporary.replace(copy)
