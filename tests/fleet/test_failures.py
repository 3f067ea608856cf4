"""What can go wrong with a host or the controller, and what the report says. Real pyinfra, fake hosts."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from nightfleet.converge import (
    ConvergeReport,
    Event,
    NodeState,
    WaveStarted,
    converge,
    exit_code,
    last_report,
)
from nightfleet.converge.command import executable
from nightfleet.errors import Exit, NightfleetError
from nightfleet.home import home
from nightfleet.site import Site
from tests.fleet.conftest import FAULTS_DEPLOY

Faults = Callable[[Mapping[str, object]], None]
S = NodeState
NEW = {"new": True}
DOWN = {"fake_down": True}
NO_SPACE = {**NEW, "fake_responses": {"apt-get": {"success": False, "stderr": "E: no space left on device"}}}
REFUSAL = "nightfleet refuses: the clock is 90 s off\nset it: chronyc makestep"
REFUSED = {
    "refusals": ["the clock is 90 s off\nset it: chronyc makestep"],
    "fake_responses": {"printf": {"success": False, "stderr": REFUSAL}},
}
TOKEN = "abcdef.0123456789abcdef"
SLOW = """
import sys
from nightfleet.converge import converge
from nightfleet.site import load_site
report = converge(load_site(sys.argv[1]), deploy=sys.argv[2], on_event=lambda event: print(event, flush=True))
print(report.model_dump_json())
"""


def run(site: Site, **how: object) -> ConvergeReport:
    return converge(site, deploy=FAULTS_DEPLOY, **how)  # type: ignore[arg-type]


def states(report: ConvergeReport) -> dict[str, NodeState]:
    return {node.name: node.state for node in report.nodes}


def test_one_down_one_failing_one_refused_and_the_others_finish(small: Site, faults: Faults) -> None:
    faults({"w1": DOWN, "w2": NO_SPACE, "w3": REFUSED, "w4": NEW})
    report = run(small)
    assert states(report) == {
        "c1": S.UNCHANGED,
        "w1": S.UNREACHABLE,
        "w2": S.FAILED,
        "w3": S.REFUSED,
        "w4": S.CHANGED,
    }
    assert exit_code(report) is Exit.PARTLY
    failed = report.nodes[2]
    assert failed.reason == "Install containerd: E: no space left on device"
    assert failed.failures[0].command == "apt-get install containerd"


def test_a_run_is_repeated_only_where_it_failed_and_then_all_is_fine(small: Site, faults: Faults) -> None:
    faults({"w1": DOWN, "w2": NO_SPACE, "w4": NEW})
    first = run(small)
    assert first == last_report("small")
    faults({"w1": NEW})
    heard: list[Event] = []
    second = run(small, nodes=first.unfinished, on_event=heard.append)
    assert [event.argv[5:] for event in heard if isinstance(event, WaveStarted)] == [
        ("--limit", "w1", "--limit", "w2")
    ]
    assert states(second) == {"w1": S.CHANGED, "w2": S.UNCHANGED}
    assert exit_code(second) is Exit.DONE


def test_only_refusals_are_for_a_human_to_decide(small: Site, faults: Faults) -> None:
    faults({"w3": REFUSED})
    report = run(small)
    assert exit_code(report) is Exit.REFUSED
    assert report.nodes[3].hint == "set it: chronyc makestep"


@pytest.mark.parametrize("when", ["planning", "acting"])
def test_a_deploy_that_raises_on_one_host_is_blamed_on_that_host(
    small: Site, faults: Faults, when: str
) -> None:
    faults({"w4": {"raises": when}})
    report = run(small)
    assert states(report)["w4"] is S.FAILED
    assert report.nodes[4].reason == "the deploy raised ValueError: boom"
    assert set(states(report).values()) == {S.FAILED, S.NOT_REACHED}
    assert "ValueError: boom" in report.waves[0].error[-1]
    assert not (home() / "pyinfra-debug.log").exists()


def test_a_host_that_dies_on_the_way_is_unreachable_and_the_others_finish(
    small: Site, faults: Faults
) -> None:
    faults({"w1": {"fake_dies": "uname"}, "w2": {**NEW, "fake_dies": "apt-get"}})
    report = run(small)
    assert [name for name, state in states(report).items() if state is S.UNREACHABLE] == ["w1", "w2"]
    assert report.unfinished == ("w1", "w2")


def test_when_every_host_fails_each_says_its_own_reason(small: Site, faults: Faults) -> None:
    answer = {"fake_responses": {"uname": {"success": False, "stderr": "sh: uname: not found"}}}
    faults({node.name: answer for node in small.fleet})
    report = run(small)
    assert {node.reason for node in report.nodes} == {"Kernel: sh: uname: not found"}
    assert exit_code(report) is Exit.FAILED


def test_a_plan_changes_nothing_and_names_what_would_change(small: Site, faults: Faults) -> None:
    faults({"w1": NEW, "w3": REFUSED})
    report = run(small, dry=True)
    assert states(report)["w1"] is S.CHANGED
    assert states(report)["w3"] is S.REFUSED
    assert last_report("small") is None


def test_large_fleets_run_in_waves_and_every_node_is_reported_once(small: Site, faults: Faults) -> None:
    faults({"w4": DOWN})
    report = run(small, wave_size=2)
    assert [wave.nodes for wave in report.waves] == [("c1", "w1"), ("w2", "w3"), ("w4",), ("c1",)]
    assert [node.name for node in report.nodes] == [node.name for node in small.fleet]
    assert exit_code(report) is Exit.PARTLY


def test_later_waves_are_not_started_when_the_first_control_plane_failed(small: Site, faults: Faults) -> None:
    faults({"c1": DOWN})
    heard: list[Event] = []
    report = run(small, wave_size=2, on_event=heard.append)
    assert sum(isinstance(event, WaveStarted) for event in heard) == 1
    assert [states(report)[name] for name in ("w2", "w3", "w4")] == [S.NOT_REACHED] * 3
    assert "c1, the first control plane, is not done" in report.nodes[4].reason
    assert exit_code(report) is Exit.PARTLY


def test_no_secret_reaches_a_file_or_a_report(small: Site, faults: Faults, state_home: Path) -> None:
    answer = {"success": False, "stdout": f"join with --token {TOKEN}", "stderr": "f89" + "0" * 61}
    faults({"w1": {"joins": True, "fake_responses": {"kubeadm": answer}}})
    heard: list[Event] = []
    report = run(small, on_event=heard.append)
    assert states(report)["w1"] is S.FAILED
    seen = [path.read_text() for path in state_home.rglob("*") if path.is_file()]
    assert any("join with --token" in text for text in seen)
    for text in [*seen, report.model_dump_json(), *map(str, heard)]:
        assert TOKEN not in text
        assert "f89" + "0" * 61 not in text


def test_a_second_converge_of_a_site_is_refused_while_a_plan_is_not(small: Site, faults: Faults) -> None:
    faults({"c1": {"waits": 30}})
    with in_background(small) as process:
        with pytest.raises(NightfleetError, match=f"process {process.pid} since 20") as caught:
            run(small)
        assert caught.value.exit_code is Exit.REFUSED
        faults({})
        assert exit_code(run(small, dry=True)) is Exit.DONE


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_pyinfra_and_the_report_says_so(
    small: Site, faults: Faults, signum: signal.Signals
) -> None:
    faults({"c1": {"waits": 60}, "w1": NEW})
    with in_background(small) as process:
        children = pyinfra_processes(process.pid)
        began = time.monotonic()
        process.send_signal(signum)
        output, _ = process.communicate(timeout=20)
    assert time.monotonic() - began < 15
    assert children
    assert not [pid for pid in children if is_alive(pid)]
    report = ConvergeReport.model_validate_json(output.splitlines()[-1])
    assert report.interrupted
    assert set(states(report).values()) == {S.NOT_REACHED}
    assert report == last_report("small")


def test_kill_9_of_the_controller_takes_pyinfra_along_and_harms_nothing(
    small: Site, faults: Faults, state_home: Path
) -> None:
    faults({"w1": DOWN})
    before = run(small)
    faults({"c1": {"waits": 60}})
    with in_background(small) as process:
        children = pyinfra_processes(process.pid)
        process.kill()
        process.wait()
    deadline = time.monotonic() + 10
    while any(is_alive(pid) for pid in children) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not [pid for pid in children if is_alive(pid)]
    assert last_report("small") == before
    faults({})
    after = run(small)
    assert exit_code(after) is Exit.DONE
    assert last_report("small") == after
    assert len(list(state_home.glob("nightfleet/small/runs/[0-9]*"))) == 3


def test_the_printed_command_does_the_same_by_hand(small: Site, faults: Faults) -> None:
    faults({"w1": NEW})
    heard: list[Event] = []
    run(small, on_event=heard.append)
    (wave,) = [event for event in heard if isinstance(event, WaveStarted)]
    by_hand = subprocess.run(
        [executable(), *wave.argv[1:]], cwd=home(), capture_output=True, text=True, check=True
    )
    assert json.loads(by_hand.stdout)["results"]["failed_hosts"] == []


@contextmanager
def in_background(site: Site) -> Iterator[subprocess.Popen[str]]:
    """Converge in another process; go on when its first operation has begun."""
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW, str(site.path), FAULTS_DEPLOY], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert any("Wait long" in line for line in process.stdout)
        yield process
    finally:
        process.kill()
        process.wait()


def pyinfra_processes(parent: int) -> list[int]:
    """Return the children of a process."""
    children = Path(f"/proc/{parent}/task/{parent}/children")
    return [int(pid) for pid in children.read_text().split()]


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; a zombie does not."""
    try:
        os.kill(pid, 0)
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (ProcessLookupError, FileNotFoundError):
        return False
