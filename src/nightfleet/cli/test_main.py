import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from nightfleet.cli import main
from nightfleet.errors import Exit, NightfleetError


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).with_name("nightfleet"), *words],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "NO_COLOR": "1", **environment},
    )


@pytest.mark.parametrize("name", list(main.ENTRIES))
def test_every_command_loads_and_its_help_has_an_example(name: str) -> None:
    shown = run(name, "--help")
    assert shown.returncode == 0, shown.stderr
    assert f"nightfleet {name}" in shown.stdout.replace("Usage:", "", 1)


def test_the_first_help_imports_no_room() -> None:
    program = (
        "import sys; from nightfleet.cli import main\n"
        "try: main.main()\n"
        "except SystemExit: pass\n"
        "print(sorted(name for name in sys.modules if name.startswith(('nightfleet.', 'pydantic'))))"
    )
    shown = subprocess.run(
        [sys.executable, "-c", program, "--help"], check=True, capture_output=True, text=True
    )
    assert shown.stdout.splitlines()[-1] == "['nightfleet.cli', 'nightfleet.cli.main', 'nightfleet.errors']"


def test_the_shell_completes_commands_and_what_is_below_them() -> None:
    first = run(_NIGHTFLEET_COMPLETE="complete_bash", COMP_WORDS="nightfleet ", COMP_CWORD="1")
    assert set(first.stdout.split()) == set(main.ENTRIES)
    second = run(_NIGHTFLEET_COMPLETE="complete_bash", COMP_WORDS="nightfleet lab ", COMP_CWORD="2")
    assert {"up", "down", "ssh", "status"} <= set(second.stdout.split())


def test_a_mistyped_command_is_usage_and_names_the_nearest() -> None:
    shown = run("cnverge")
    assert shown.returncode == Exit.USAGE
    assert "converge" in shown.stderr


def fails_with(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a command that fails in the place of `doctor`."""
    room = typer.Typer()

    @room.command()
    def doctor() -> None:
        raise error

    command = typer.main.get_command(room)
    monkeypatch.setattr(main.Entry, "load", lambda _self: command)


def test_a_known_error_is_printed_with_its_way_out_and_its_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    fails_with(NightfleetError("[port] is taken", "lab-c1", "stop haproxy", Exit.REFUSED), monkeypatch)
    shown = CliRunner().invoke(main.app, ["doctor"])
    assert shown.exit_code == Exit.REFUSED
    assert shown.stderr == "error: lab-c1: [port] is taken\n  hint: stop haproxy\n"


def test_debug_keeps_the_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    fails_with(NightfleetError("port is taken"), monkeypatch)
    shown = CliRunner().invoke(main.app, ["--debug", "doctor"])
    assert isinstance(shown.exception, NightfleetError)


def test_an_interrupt_ends_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    fails_with(KeyboardInterrupt(), monkeypatch)
    assert CliRunner().invoke(main.app, ["doctor"]).exit_code == 130
