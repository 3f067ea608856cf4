import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from nightfleet.lab import process


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "60"]) as running:
        yield running
        running.kill()


def test_a_pid_file_names_a_process_while_it_runs(tmp_path: Path, sleeper: subprocess.Popen[bytes]) -> None:
    process.write(tmp_path / "pid", sleeper.pid)
    found = process.read(tmp_path / "pid")
    assert found is not None
    assert found.pid == sleeper.pid
    found.send(9)
    assert found.wait(5)
    assert process.read(tmp_path / "pid") is None


def test_a_pid_that_was_given_to_another_process_is_not_signalled(sleeper: subprocess.Popen[bytes]) -> None:
    now = process.of(sleeper.pid)
    assert now is not None
    earlier = replace(now, started=now.started - 1)
    earlier.send(9)
    assert not earlier.alive
    assert sleeper.poll() is None


@pytest.mark.parametrize("text", ["", "12", '{"pid": 1}', "{"], ids=["empty", "number", "half", "cut"])
def test_a_damaged_pid_file_names_nobody(tmp_path: Path, text: str) -> None:
    (tmp_path / "pid").write_text(text)
    assert process.read(tmp_path / "pid") is None


def test_a_file_is_replaced_whole_and_leaves_no_draft(tmp_path: Path) -> None:
    process.replace(tmp_path / "file", "one")
    process.replace(tmp_path / "file", "two")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_text() == "two"
