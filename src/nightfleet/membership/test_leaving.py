"""Claims about a leave without an API server: who is asked, and what the ledger of a killed one is worth."""

import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from nightfleet.cluster.ssh import Said
from nightfleet.ledger import Event
from nightfleet.membership.leave import Step, Wishes
from nightfleet.membership.leaving import Leave
from nightfleet.membership.machine import LOOK
from nightfleet.site import Site


class Machines:
    """What machines answer over ssh; one that is not named is switched off."""

    def __init__(self, **words: str) -> None:
        self.words = words

    def run(self, name: str, _script: str, **_more: Any) -> Said:
        there = name in self.words
        return Said(name, 0 if there else 255, self.words.get(name, ""), "" if there else "no route to host")

    def each(self, names: Iterable[str], script: str, **_more: Any) -> dict[str, Said]:
        return {name: self.run(name, script) for name in names}


@pytest.fixture(autouse=True)
def _state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An operator without a kubeconfig."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def leave(site: Site, **words: str) -> Leave:
    shell: Any = Machines(**words)
    return Leave(site, "c1", Wishes(end=True), (), shell)


def free(site: Site, **words: str) -> dict[str, str]:
    """Return a fleet that belongs to no cluster, but for some."""
    return {node.name: "" for node in site.fleet} | words


def test_while_another_machine_belongs_to_a_cluster_or_is_silent_none_ends_it(site: Site) -> None:
    mine = "touched record joined"
    assert not leave(site, **free(site, c1=mine)).planned().refusals
    assert "w2 may belong" in leave(site, **free(site, c1=mine, w2="joined")).planned().refusals[0]
    off = free(site, c1=mine)
    del off["c3"]
    assert "c3 may belong" in leave(site, **off).planned().refusals[0]


def test_a_leave_that_was_killed_after_the_api_was_gone_goes_on_though_others_are_off(site: Site) -> None:
    act = leave(site, c1="touched joined")
    run = act.run_name
    act.ledger.append(run, Step.HAND_BACK, Event.BEGUN, "c1")  # a leave of one among others
    assert act.planned().refusals
    act.ledger.append(run, Step.HAND_BACK, Event.BEGUN, "c1", ends="yes")
    planned = act.planned()
    assert (planned.refusals, planned.steps, planned.ends) == ((), (Step.HAND_BACK,), True)
    act.ledger.append(run, Step.HAND_BACK, Event.FAILED, "c1", ends="yes")
    assert not act.planned().refusals
    act.ledger.append(
        run, Step.HAND_BACK, Event.DONE, "c1", ends="yes"
    )  # what joined since is another cluster
    assert act.planned().refusals


@pytest.mark.parametrize("path", ["kubelet.conf", "manifests/etcd.yaml"])
def test_a_machine_with_kubelets_access_or_static_pods_belongs_to_a_cluster(
    tmp_path: Path, path: str
) -> None:
    script = LOOK.replace("/etc/kubernetes", str(tmp_path))

    def said() -> list[str]:
        done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
        return done.stdout.split()

    (tmp_path / "manifests").mkdir()
    assert "joined" not in said()
    (tmp_path / path).touch()
    assert "joined" in said()
