"""A cluster is upgraded under load, by one minor version, by a command that is killed three times."""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from nightfleet.converge import NodeState
from nightfleet.errors import Exit
from nightfleet.ledger import Event, Ledger, finished
from nightfleet.site import Role
from nightfleet.upgrade.report import State, UpgradeReport
from tests.lab.cluster import Cluster, Running, report_of
from tests.lab.conftest import VERSIONS, laid_out
from tests.lab.life import web

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="hosts are booted by root only")
NEW, OLD = VERSIONS
ASKER = "nfu-w1"  # the node whose pod asks the service
# Three control planes take a quarter of an hour, one of them a third of that; the steps are the same.
WHOLE = ("  nfu-c1:\n    address: 10.104.0.11\n", "  nfu-c[1-3]:\n    address: 10.104.0.[11-13]\n")
Record = Callable[[str, object], None]


@dataclass(frozen=True, slots=True)
class Story:
    """The cluster as it began, and with the site file that wishes for the new version."""

    old: Cluster
    new: Cluster

    def ledger(self) -> Ledger:
        return Ledger(self.old.operator_files / "ledger.jsonl")

    def start(self) -> Running:
        return self.new.start("upgrade", "run", "--to", NEW)

    def said(self, running: Running) -> str:
        return running.printed.with_suffix(".err").read_text()

    def versions(self) -> set[str]:
        form = "{range .items[*]}{.status.nodeInfo.kubeletVersion} {end}"
        return set(self.old.ask("nfu-c1", f"{web.KUBECTL} get nodes -o jsonpath='{form}'").split())


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Return a cluster of the old version, up, proven, and asked ten times a second."""
    with laid_out("upgrade", tmp_path_factory.mktemp("state")) as there:
        if os.environ.get("NIGHTFLEET_LIFE"):
            there = there.edited(tmp_path_factory.mktemp("older"), WHOLE)
        there.nightfleet("lab", "up")
        newer = there.edited(
            tmp_path_factory.mktemp("newer"), (f"  kubernetes: {OLD}\n", f"  kubernetes: {NEW}\n")
        )
        yield Story(there, newer)


def test_a_version_that_the_site_file_does_not_wish_for_is_a_wrong_command(story: Story) -> None:
    done = story.old.ended(story.old.argv("upgrade", "run", "--to", NEW))
    assert done.returncode == Exit.USAGE
    assert f"write 'kubernetes: {NEW}' under 'artifacts:' there" in done.stderr


def test_a_converge_does_not_upgrade_and_says_what_does(story: Story) -> None:
    report = report_of(story.new.nightfleet("plan", ends_with=Exit.REFUSED))
    assert {node.state for node in report.nodes} == {NodeState.REFUSED}
    assert all(f"nightfleet upgrade run --to {NEW}" in node.reason for node in report.nodes)


def test_outside_of_the_window_nothing_is_touched(story: Story, tmp_path: Path) -> None:
    today = time.strftime("%a", time.gmtime(time.time() + 3 * 86400))
    closed = story.new.edited(tmp_path, ("  at_once: 1", f"  at_once: 1\n  windows: ['{today} 03:00-03:01']"))
    plan = closed.nightfleet("upgrade", "run", ends_with=Exit.REFUSED)
    assert [one["what"].partition(":")[0] for one in plan["refusals"]] == ["outside the maintenance window"]
    assert story.ledger().entries("upgrade 1.36.3") == ()
    assert story.versions() == {f"v{OLD}"}


def test_a_plan_names_every_step(story: Story) -> None:
    plan = story.new.nightfleet("upgrade", "plan")
    planes = [node.name for node in story.new.site.having(Role.CONTROL_PLANE)]
    assert [(step["kind"], step["nodes"]) for step in plan["steps"]] == [
        ("backup", []),
        ("images", ["nfu-w1"]),
        *(("control plane", [name]) for name in planes),
        ("workers", ["nfu-w1"]),
        ("workers", ["nfu-w2"]),
        ("proof", ["nfu-c1"]),
    ]


def test_an_upgrade_that_is_killed_three_times_goes_on_and_the_service_answers(
    story: Story, record_property: Record
) -> None:
    cluster = story.new
    web.begin(story.old, "nfu-c1", ASKER)
    began = time.monotonic()

    last = cluster.site.having(Role.CONTROL_PLANE)[-1].name
    running = story.start()  # killed while kubeadm is at work on a control plane
    running.wait_until(lambda: cluster.processes(last, "kubeadm", "upgrade"), f"kubeadm upgraded {last}")
    running.kill()
    running = story.start()  # killed while a worker is being emptied
    running.wait_until(lambda: "nfu-w1: drain\n" in story.said(running), "nfu-w1 was drained")
    running.kill()
    running = story.start()  # killed while a worker gets its software
    running.wait_until(lambda: "nfu-w2: software\n" in story.said(running), "nfu-w2 got its software")
    running.kill()
    report = UpgradeReport.model_validate(cluster.nightfleet("upgrade", "run", "--to", NEW))

    seconds = time.monotonic() - began
    web.settle(story.old, ASKER)
    heard = web.answers(story.old, ASKER)
    record_property("seconds", round(seconds, 1))
    record_property("requests", str(heard))
    print(f"upgrade in {seconds:.0f} s, killed three times: {heard}", *heard.failed, sep="\n")
    assert report.unfinished == ()
    assert {node.state for node in report.nodes} <= {State.DONE, State.UNCHANGED}
    assert story.versions() == {f"v{NEW}"}
    assert len(heard.failed) <= heard.asked // 100, heard.failed


def test_the_ledger_has_every_node_and_one_backup(story: Story) -> None:
    entries = story.ledger().entries("upgrade 1.36.3")
    done = finished(entries)
    assert {node for step, node in done if step in ("control plane", "workers")} == {
        node.name for node in story.new.site.fleet
    }
    assert sum(entry.step == "backup" and entry.event is Event.DONE for entry in entries) == 1
    assert (entries[-1].step, entries[-1].event) == ("upgrade", Event.DONE)


def test_afterwards_there_is_nothing_to_do_for_upgrade_and_converge_and_every_check_passes(
    story: Story,
) -> None:
    assert story.new.nightfleet("upgrade", "run", "--to", NEW)["steps"] == []
    assert story.new.converge().changes == 0
    assert story.new.faults() == []
    cordoned = story.new.ask("nfu-c1", f"{web.KUBECTL} get nodes | grep -c SchedulingDisabled || true")
    assert cordoned == "0"
