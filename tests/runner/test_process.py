import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from runner.process import run_tier
from runner.tiers import TIERS, Tier, existing

TESTS = Path(__file__).resolve().parents[1]


def clone(root: Path, body: str) -> Tier:
    """Make a clone with one test file; return a tier that runs it."""
    (root / "tests" / "fleet").mkdir(parents=True)
    (root / "tests" / "fleet" / "test_it.py").write_text(body)
    return Tier("fleet", "nothing", ("tests/fleet",), limit=60)


@pytest.fixture
def nowhere() -> int:
    return os.open(os.devnull, os.O_WRONLY)


def test_a_tier_is_run_and_counted(tmp_path: Path, nowhere: int) -> None:
    tier = clone(tmp_path, "def test_yes(): pass\ndef test_no(): assert False\n")
    outcome = run_tier(tier, tmp_path, nowhere)
    assert (outcome.passed, outcome.failed, outcome.skipped) == (1, 1, 0)


def test_a_file_that_failed_runs_once_more_where_the_tier_says_so(tmp_path: Path, nowhere: int) -> None:
    body = (
        "import pathlib\n"
        "def test_first_time():\n"
        f"    mark = pathlib.Path({str(tmp_path)!r}, 'mark')\n"
        "    there = mark.exists()\n"
        "    mark.touch()\n"
        "    assert there\n"
    )
    tier = replace(clone(tmp_path, body), once_more=True)
    outcome = run_tier(tier, tmp_path, nowhere)
    assert (outcome.passed, outcome.failed) == (1, 0)
    assert outcome.unsteady == ("tests/fleet/test_it.py::test_first_time",)
    (tmp_path / "mark").unlink()
    assert run_tier(replace(tier, once_more=False), tmp_path, nowhere).failed == 1


def test_what_fails_both_times_has_failed(tmp_path: Path, nowhere: int) -> None:
    tier = replace(clone(tmp_path, "def test_yes(): pass\ndef test_no(): assert False\n"), once_more=True)
    outcome = run_tier(tier, tmp_path, nowhere)
    assert (outcome.passed, outcome.failed, outcome.unsteady) == (1, 1, ())


def test_a_fixture_that_fails_to_clean_up_fails_its_test(tmp_path: Path, nowhere: int) -> None:
    body = (
        "import pytest\n@pytest.fixture\ndef host():\n    yield\n    assert False\ndef test_yes(host): pass\n"
    )
    outcome = run_tier(clone(tmp_path, body), tmp_path, nowhere)
    assert (outcome.passed, outcome.failed) == (0, 1)


def test_skips_and_known_failures_keep_their_reasons(tmp_path: Path, nowhere: int) -> None:
    body = (
        "import pytest\n"
        "@pytest.mark.skip(reason='needs KVM')\ndef test_a(): pass\n"
        "@pytest.mark.xfail(reason='issue 9')\ndef test_b(): assert False\n"
    )
    outcome = run_tier(clone(tmp_path, body), tmp_path, nowhere)
    assert outcome.why_skipped == {"needs KVM": 1, "known to fail: issue 9": 1}


def test_a_file_that_cannot_be_imported_is_a_failure(tmp_path: Path, nowhere: int) -> None:
    outcome = run_tier(clone(tmp_path, "import nowhere_at_all\n"), tmp_path, nowhere)
    assert outcome.failed >= 1


def test_a_folder_without_a_test_function_is_a_failure(tmp_path: Path, nowhere: int) -> None:
    outcome = run_tier(clone(tmp_path, ""), tmp_path, nowhere)
    assert outcome.failures == ("no test was collected",)


def test_a_tier_that_hangs_is_stopped_at_its_limit_and_has_failed(tmp_path: Path, nowhere: int) -> None:
    clone(tmp_path, "import time\ndef test_sleeps(): time.sleep(600)\n")
    outcome = run_tier(Tier("fleet", "nothing", ("tests/fleet",), limit=3), tmp_path, nowhere)
    assert "fleet took longer than 3 s" in outcome.failures


def test_a_tier_that_cannot_run_here_is_skipped_with_its_reason(tmp_path: Path, nowhere: int) -> None:
    tier = Tier("gpu", "a GPU", ("tests/gpu",), limit=1, needs=lambda: "needs an NVIDIA GPU")
    assert run_tier(tier, tmp_path, nowhere).why_skipped == {"needs an NVIDIA GPU": 1}


def test_only_tiers_whose_folder_holds_tests_exist(tmp_path: Path) -> None:
    clone(tmp_path, "def test_yes(): pass\n")
    (tmp_path / "tests" / "lab").mkdir()
    assert [tier.name for tier in existing(tmp_path)] == ["fleet"]


def test_molecule_scenarios_under_roles_are_not_unit_tests(tmp_path: Path) -> None:
    scenario = tmp_path / "roles" / "worker" / "molecule" / "default" / "tests"
    scenario.mkdir(parents=True)
    (scenario / "test_default.py").write_text("def test_yes(): pass\n")
    assert existing(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_reaches_the_fixtures_and_is_waited_for(tmp_path: Path, number: signal.Signals) -> None:
    clone(
        tmp_path,
        f"""
import pathlib, time, pytest
@pytest.fixture
def host():
    pathlib.Path({str(tmp_path)!r}, "up").touch()
    yield
    time.sleep(1)
    pathlib.Path({str(tmp_path)!r}, "down").touch()
def test_waits(host):
    time.sleep(600)
""",
    )
    program = (
        "import pathlib, sys; sys.argv=['run.py']; import run;"
        f"run.ROOT = pathlib.Path({str(tmp_path)!r}); sys.exit(run.main())"
    )
    runner = subprocess.Popen(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    wait_for(tmp_path / "up")
    runner.send_signal(number)
    output, _ = runner.communicate(timeout=60)
    assert (tmp_path / "down").exists()
    assert runner.returncode == 130
    assert output.splitlines()[-1] == "0 passed, 1 failed, 0 skipped"


def test_every_tier_of_the_design_has_its_place() -> None:
    assert [tier.name for tier in TIERS] == [
        "unit", "check", "fleet", "lab", "vm", "api", "cloud", "metrics", "gpu",
    ]  # fmt: skip


def wait_for(path: Path) -> None:
    """Wait until a file is there; a test that waits longer than 30 s has failed."""
    deadline = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} did not appear"
        time.sleep(0.05)
