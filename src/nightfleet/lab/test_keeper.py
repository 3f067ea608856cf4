import subprocess
import sys
import time
from pathlib import Path

from nightfleet.lab import process
from nightfleet.lab.keeper import LOCKED
from nightfleet.lab.state import State, read_state

KEEPER = [sys.executable, "-m", "nightfleet.lab.keeper"]


def keep(directory: Path, script: str, *options: str) -> int:
    return subprocess.run(
        [*KEEPER, str(directory), *options, "--", "sh", "-c", script], timeout=20
    ).returncode


def test_a_program_that_asks_for_it_is_started_again(tmp_path: Path) -> None:
    script = f"echo run >> {tmp_path}/runs; [ $(wc -l < {tmp_path}/runs) -ge 3 ] || exit 133"
    assert keep(tmp_path, script, "--again-on", "133") == 0
    assert (tmp_path / "runs").read_text().split() == ["run"] * 3
    assert (tmp_path / "ended").read_text() == "0\n"
    assert read_state(tmp_path) is State.STOPPED


def test_a_program_that_fails_stays_down_and_its_status_is_kept(tmp_path: Path) -> None:
    keep(tmp_path, "exit 7", "--again-on", "133")
    assert (tmp_path / "ended").read_text() == "7\n"
    assert read_state(tmp_path) is State.DEAD


def test_there_is_never_a_second_keeper_and_the_program_dies_with_the_first(tmp_path: Path) -> None:
    with subprocess.Popen([*KEEPER, str(tmp_path), "--", "sleep", "60"]) as first:
        end = time.monotonic() + 10
        while (program := process.read(tmp_path / "program")) is None:
            assert time.monotonic() < end
            time.sleep(0.02)
        assert read_state(tmp_path) is State.RUNNING
        assert keep(tmp_path, "true") == LOCKED
        time.sleep(0.2)  # long enough for setpriv to have become the program
        first.kill()
    assert program.wait(5)
    assert read_state(tmp_path) is State.DEAD


def test_what_was_never_started_is_stopped(tmp_path: Path) -> None:
    assert read_state(tmp_path / "none") is State.STOPPED
