import json
import os
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

import pytest

from runner.beside import Beside
from runner.outcome import Outcome
from runner.tiers import Tier

TIER = Tier("vm", "a kernel", ("tests/vm",), limit=60, beside=True)
OUTCOME = Outcome(
    "vm", "a kernel", passed=2, failed=1, failures=("tests/vm/test_it.py::test_no",), seconds=1.5
)


def saying(program: str) -> tuple[str, ...]:
    return (sys.executable, "-c", program)


@pytest.fixture
def output(tmp_path: Path) -> int:
    return os.open(tmp_path / "output", os.O_RDWR | os.O_CREAT)


def test_it_is_told_of_in_the_end_with_its_outcome(tmp_path: Path, output: int) -> None:
    summary = json.dumps({"tiers": [asdict(OUTCOME)], "interrupted": False})
    program = f"import sys; print('test_no FAILED', file=sys.stderr); print({summary!r})"
    assert Beside(TIER, tmp_path, saying(program)).outcome(output) == (OUTCOME, False)
    assert (tmp_path / "output").read_text() == "test_no FAILED\n"


def test_one_that_dies_without_a_word_has_failed(tmp_path: Path, output: int) -> None:
    outcome, _ = Beside(TIER, tmp_path, saying("import sys; sys.exit(7)")).outcome(output)
    assert (outcome.failed, outcome.failures) == (1, ("vm ended with 7, and told nothing",))


def test_an_interrupt_is_handed_on_and_waited_for(tmp_path: Path, output: int) -> None:
    program = (
        "import pathlib, time\n"
        "here = pathlib.Path('.')\n"
        "try:\n    (here / 'up').touch(); time.sleep(600)\n"
        "except KeyboardInterrupt:\n    (here / 'down').touch()\n"
    )
    one = Beside(TIER, tmp_path, saying(program))
    end = time.monotonic() + 30
    while not (tmp_path / "up").exists():
        assert time.monotonic() < end
        time.sleep(0.05)
    assert one.interrupted(output).failed == 1
    assert (tmp_path / "down").exists()


def test_a_tier_beside_the_others_is_one_row_in_its_place(tmp_path: Path) -> None:
    for name in ("fleet", "vm"):
        (tmp_path / "tests" / name).mkdir(parents=True)
        (tmp_path / "tests" / name / "test_it.py").write_text("def test_yes(): pass\n")
    tests = Path(__file__).resolve().parents[1]
    prepare = (
        "import dataclasses, pathlib, sys; import run, runner.tiers as t, runner.beside as b;"
        f"run.ROOT = pathlib.Path({str(tmp_path)!r});"
        "run.TIERS = tuple(dataclasses.replace(one, needs=str, root=False) for one in t.TIERS);"
        "run.existing = lambda root: [one for one in run.TIERS if one.paths(root)];"
    )
    again = f"{prepare} sys.argv = ['run.py', *sys.argv[1:]]; sys.exit(run.main())"
    other = f"b.Beside.__init__.__defaults__ = ((sys.executable, '-c', {again!r}),);"
    program = f"{prepare} {other} sys.argv = ['run.py']; sys.exit(run.main())"
    environment = {**os.environ, "PYTHONPATH": str(tests)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "2 passed, 0 failed, 0 skipped"
    assert "vm: begun beside the others" in done.stderr
