"""`nightfleet plan`, `converge` and `report` as a person runs them, on the real deploys and toy hosts."""

import json
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from nightfleet.converge import ConvergeReport
from nightfleet.converge.command import executable
from nightfleet.home import home
from tests.fleet.conftest import HERE

SITE = str(HERE / "sites/small/site.yaml")
Faults = Callable[[Mapping[str, object]], None]

pytestmark = pytest.mark.usefixtures("toys")


def nightfleet(*words: str) -> subprocess.CompletedProcess[str]:
    command = Path(executable()).with_name("nightfleet")
    return subprocess.run(
        [command, *words, "--site", SITE], capture_output=True, text=True, check=False, cwd=home()
    )


def converge(*words: str) -> tuple[int, ConvergeReport]:
    done = nightfleet("converge", "--json", *words)
    return done.returncode, ConvergeReport.model_validate_json(done.stdout)


def test_a_site_converges_and_the_second_time_nothing_changes() -> None:
    first = nightfleet("converge")
    assert first.returncode == 0, first.stdout + first.stderr
    assert "5 changed" in first.stdout
    assert first.stderr.startswith("$ pyinfra --json -y tests/fleet/sites/small/hosts.py deploys/fleet.py\n")
    second = nightfleet("converge")
    assert "5 unchanged; 0 changes" in second.stdout
    assert f"next: nightfleet verify --site {SITE}" in second.stdout


def test_failed_nodes_alone_are_tried_again(faults: Faults) -> None:
    faults(
        {
            "w1": {"fake_down": True},
            "w2": {"fake_responses": {"apt-get": {"success": False, "stderr": "E: no space"}}},
        }
    )
    code, report = converge()
    assert code == 4
    assert report.unfinished == ("w1", "w2")
    faults({})
    code, report = converge("--failed")
    assert code == 0
    assert [node.name for node in report.nodes] == ["w1", "w2"]
    nothing = nightfleet("converge", "--failed")
    assert nothing.returncode == 0
    assert "nothing to do again" in nothing.stderr


def test_one_capability_on_some_nodes_is_tried_again_as_such(faults: Faults) -> None:
    faults({"w2": {"fake_dies": "maxdepth"}})
    code, report = converge("w[1-2]", "--only", "containerd")
    assert code == 4
    assert report.only == "containerd"
    faults({})
    code, report = converge("--failed")
    assert (code, report.only, [node.name for node in report.nodes]) == (0, "containerd", ["w2"])


def test_without_the_first_control_plane_the_others_are_prepared_and_say_what_they_wait_for(
    faults: Faults,
) -> None:
    faults({"c1": {"fake_down": True}})
    code, report = converge()
    assert code == 1
    assert "c1 gives no ticket" in report.nodes[1].reason
    assert report.nodes[1].changes > 0


def test_an_interrupted_story_goes_on_where_it_was(faults: Faults) -> None:
    faults({f"w{n}": {"fake_dies": "once join"} for n in range(1, 5)})
    assert converge()[0] == 4
    faults({})
    code, report = converge()
    assert code == 0
    assert [op.name for op in report.nodes[1].operations if op.state == "changed"] != []
    assert nightfleet("converge").stdout.count("unchanged") >= 5


def test_a_plan_is_no_run() -> None:
    plan = nightfleet("plan")
    assert plan.returncode == 0, plan.stdout + plan.stderr
    assert "5 would change" in plan.stdout
    assert "--dry" in plan.stderr
    assert nightfleet("report", "last").returncode == 2
    assert nightfleet("converge", "--failed").returncode == 2


def test_reports_are_kept_and_shown_again() -> None:
    _, report = converge()
    assert ConvergeReport.model_validate_json(nightfleet("report", "last", "--json").stdout) == report
    (line,) = nightfleet("report", "list").stdout.splitlines()
    assert "5 changed" in nightfleet("report", "show", line.split()[0]).stdout
    page = Path(nightfleet("report", "last", "--html").stdout.strip())
    assert page.read_text().startswith("<!doctype html>")


def test_a_wrong_name_is_an_error_in_two_lines_and_not_a_trace() -> None:
    for words in (["converge", "v1"], ["plan", "--only", "contianerd"], ["report", "show", "yesterday"]):
        wrong = nightfleet(*words)
        assert wrong.returncode == 2
        assert wrong.stderr.startswith("error: ")
        assert "hint: " in wrong.stderr
        assert "Traceback" not in wrong.stderr


def test_json_on_stdout_is_json_alone() -> None:
    assert json.loads(nightfleet("plan", "w1", "--json").stdout)["dry"] is True
