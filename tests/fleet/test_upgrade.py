"""An upgrade of 200 workers in waves of ten: five fail, are held or out of reach, and the rest is done."""

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from nightfleet.converge.command import executable
from nightfleet.errors import Exit
from nightfleet.home import home
from nightfleet.ledger import Event, Ledger, finished
from nightfleet.site import load_site
from nightfleet.upgrade.report import State, UpgradeReport
from tests.fleet.conftest import HERE, settle
from tests.fleet.toyapi import Cluster, serving
from tests.fleet.toyhost import ADMIN_CONF, KUBELET, MEMBER, Thing, Toy

SITE = HERE / "sites/upgrade/site.yaml"
RUN = "upgrade 1.36.3"
WORKERS = [f"w{number:03}" for number in range(1, 201)]
FAILS, DIES, HELD, BARE, AWAY = "w017", "w042", "w077", "w123", "w188"
TROUBLED = [FAILS, DIES, HELD, BARE, AWAY]
Faults = Callable[[Mapping[str, object]], None]
WRONG = {
    FAILS: {"fake_responses": {"\nupgrade ": {"success": False, "stderr": "error: no space left"}}},
    DIES: {"fake_down": True},
    AWAY: {"ssh_down": True, "fake_down": True},
}


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """Return a cluster of 201 members at 1.35.4 with a pod on each worker."""
    toys = settle(tmp_path, monkeypatch)
    monkeypatch.setenv("PATH", f"{HERE / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv("TOY_PYTHON", sys.executable)
    for name in ("c1", *WORKERS):
        (toys / name).write_bytes(pickle.dumps(member(name)))
    (toys / "members").write_text("".join(f"{name}\n" for name in ("c1", *WORKERS)))
    there = Cluster(toys, ["c1", *WORKERS], {f"web-{name}": name for name in WORKERS})
    kubeconfig = tmp_path / "state/nightfleet/fleet-upgrade/kubeconfig"
    with serving(there, kubeconfig):
        given = tmp_path / "admin.conf"  # what the toy control plane hands out, too
        given.write_text(kubeconfig.read_text())
        monkeypatch.setenv("TOY_KUBECONFIG", str(given))
        yield there


def member(name: str) -> Toy:
    links = {
        KUBELET: "kubelet/1.35.4-00000000/kubelet",
        "/usr/local/bin/containerd": "containerd/2.3.4-00000000/bin/containerd",
        "/usr/local/sbin/runc": "runc/1.4.3-00000000/runc",
    }
    toy = Toy(name, {path: Thing("l", target=f"/opt/nightfleet/{to}") for path, to in links.items()})
    toy.paths |= {path: Thing("f") for path in (MEMBER, "/etc/kubernetes/kubelet.conf")}
    if name == "c1":
        toy.paths[ADMIN_CONF] = Thing("f")
    return toy


def upgrade(*words: str, ends_with: int = 0) -> Any:
    command = Path(executable()).with_name("nightfleet")
    done = subprocess.run(
        [command, "upgrade", "run", "--json", "--site", str(SITE), *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=home(),
    )
    assert done.returncode == ends_with, done.stdout[-3000:] + done.stderr[-3000:]
    return json.loads(done.stdout)


def ledger() -> Ledger:
    return Ledger.of(load_site(SITE).site)


def test_the_ledger_says_exactly_which_of_200_workers_are_done(cluster: Cluster, faults: Faults) -> None:
    faults(WRONG)
    cluster.held.add(f"web-{HELD}")
    cluster.bare.add(f"web-{BARE}")
    cluster.silent.add(AWAY)
    report = UpgradeReport.model_validate(upgrade("--tolerate", "5", ends_with=Exit.PARTLY))
    assert list(report.unfinished) == TROUBLED
    done = {node for step, node in finished(ledger().entries(RUN)) if step == "workers"}
    assert done == set(WORKERS) - set(TROUBLED)
    told = {entry.node: entry.note for entry in ledger().entries(RUN) if entry.event is Event.FAILED}
    assert told[FAILS].endswith("error: no space left")
    assert told[DIES].startswith("unreachable: ")
    assert told[HELD].startswith(f"not drained within 3 s: lab/web-{HELD}: The disruption budget web ")
    assert told[BARE].endswith("no controller would bring it back")
    assert told[AWAY].startswith("left out: it cannot be reached")
    states = {node.name: node.state for node in report.nodes if node.name in TROUBLED}
    assert states == {**dict.fromkeys(TROUBLED, State.FAILED), AWAY: State.LEFT_OUT}
    # who could not be emptied takes pods again; whose software failed does not
    assert cluster.cordons == dict.fromkeys((FAILS, DIES), RUN)
    assert cluster.most_away == 11 or cluster.most_away == 12  # a wave, and those that failed before

    faults({})
    for trouble in (cluster.held, cluster.bare, cluster.silent):
        trouble.clear()
    again = UpgradeReport.model_validate(upgrade())
    assert [node.name for node in again.in_state(State.DONE)] == TROUBLED
    assert cluster.cordons == {}
    assert upgrade()["steps"] == []  # the plan: nothing to do


@pytest.mark.usefixtures("cluster")
def test_by_default_the_first_wave_with_a_failure_is_the_last(faults: Faults) -> None:
    faults({FAILS: WRONG[FAILS]})
    report = UpgradeReport.model_validate(upgrade(ends_with=Exit.PARTLY))
    assert report.stopped == f"failed: {FAILS}"
    assert "the same command goes on from here" in report.hint
    assert [node.name for node in report.in_state(State.DONE)] == ["c1", *WORKERS[:16], *WORKERS[17:20]]
    assert [node.name for node in report.in_state(State.NOT_REACHED)] == WORKERS[20:]


def test_a_refused_upgrade_touches_nothing(cluster: Cluster) -> None:
    cluster.silent.add(AWAY)
    before = {path: path.read_bytes() for path in cluster.toys.iterdir()}
    plan = upgrade(ends_with=Exit.REFUSED)
    assert [(one["where"], one["what"]) for one in plan["refusals"]] == [(AWAY, "it is not Ready")]
    assert before == {path: path.read_bytes() for path in cluster.toys.iterdir()}
    assert (cluster.cordons, ledger().entries()) == ({}, ())
