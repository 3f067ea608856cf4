"""Claims about `nightfleet verify`, by running it on checks made for this."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from nightfleet.cli.main import app
from nightfleet.errors import Exit
from nightfleet.verify.test_plugin import CHECKS, SITE

# What deploys/conftest.py does for the checks.
CONFTEST = """\
def pytest_addoption(parser, pluginmanager):
    pluginmanager.import_plugin("nightfleet.verify.plugin")
"""


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone with one capability and one site, and the operator's own directories beside it."""
    clone = tmp_path / "clone"
    room = clone / "deploys" / "greeting"
    room.mkdir(parents=True)
    (room / "verify.py").write_text(CHECKS)
    (clone / "deploys" / "conftest.py").write_text(CONFTEST)
    (clone / "versions.yaml").touch()
    (clone / "inventory" / "shut").mkdir(parents=True)
    (clone / "inventory" / "shut" / "site.yaml").write_text(SITE)
    monkeypatch.setenv("NIGHTFLEET_HOME", str(clone))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(clone)
    return clone


def verify(*arguments: str) -> Result:
    """Run the command as a user would."""
    return CliRunner().invoke(app, ["verify", "--site", "shut", *arguments])


@pytest.mark.usefixtures("clone")
def test_it_prints_what_does_the_same_by_hand() -> None:
    result = verify("gw-w[1-2]", "--only", "greeting")
    assert "$ pytest deploys/greeting/verify.py --site shut --nodes 'gw-w[1-2]'" in result.stderr


@pytest.mark.usefixtures("clone")
def test_all_passed_is_success() -> None:
    result = verify("gw-w1")
    assert result.exit_code == Exit.DONE
    assert "2 passed, 0 failed, 0 unknown" in result.stdout


@pytest.mark.usefixtures("clone")
def test_a_failure_is_named_with_node_claim_and_reason_in_one_line() -> None:
    result = verify("gw-w2")
    assert result.exit_code == Exit.FAILED
    assert "failed  gw-w2 greeting: it works: gw-w2 is tired\n" in result.stdout


@pytest.mark.usefixtures("clone")
def test_what_could_not_be_asked_is_neither_passed_nor_failed_but_no_success() -> None:
    result = verify("gw-c1")
    assert result.exit_code == Exit.FAILED
    assert "1 passed, 0 failed, 2 unknown" in result.stdout


def test_machines_get_json_and_the_same_is_kept(clone: Path) -> None:
    result = verify("gw-w2", "--json")
    report = json.loads(result.stdout)
    assert [check["outcome"] for check in report["checks"]] == ["passed", "failed"]
    kept = clone.parent / "state" / "nightfleet" / "shut" / "verify.json"
    assert json.loads(kept.read_text()) == report


@pytest.mark.usefixtures("clone")
def test_a_capability_without_checks_is_refused_with_the_nearest_name() -> None:
    result = verify("--only", "greetings")
    assert result.exit_code == Exit.USAGE
    assert "did you mean 'greeting'?" in result.stderr


def test_no_check_at_all_is_no_good_news(clone: Path) -> None:
    (clone / "deploys" / "greeting" / "verify.py").write_text(
        "import pytest\n@pytest.mark.on('registry')\ndef test_it_serves(node): pass\n"
    )
    result = verify()
    assert result.exit_code == Exit.USAGE
    assert "no check applies to these nodes" in result.stderr


def test_broken_checks_are_told_apart_from_failed_ones(clone: Path) -> None:
    (clone / "deploys" / "greeting" / "verify.py").write_text("import nothing_like_that\n")
    result = verify()
    assert result.exit_code == Exit.FAILED
    assert "pytest ended with 2" in result.stderr
    assert "Traceback" not in result.stderr
