import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nightfleet.converge.lock import only_one
from nightfleet.errors import Exit, NightfleetError

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_a_second_converge_is_refused_and_told_who_and_since_when(tmp_path: Path) -> None:
    path = tmp_path / "site" / "converge.lock"
    with only_one(path, NOON), pytest.raises(NightfleetError) as caught, only_one(path, NOON):
        pass
    assert f"process {os.getpid()} since 2026-11-23T12:00:00" in caught.value.what
    assert caught.value.exit_code is Exit.REFUSED


def test_the_lock_is_free_again_afterwards_and_after_its_holder_was_killed(tmp_path: Path) -> None:
    path = tmp_path / "converge.lock"
    with only_one(path, NOON):
        pass
    child = os.fork()
    if child == 0:
        with only_one(path, NOON):
            os._exit(9)  # as kill -9 would: nothing is cleaned up
    os.waitpid(child, 0)
    assert "pid" in path.read_text()
    with only_one(path, NOON):
        pass
