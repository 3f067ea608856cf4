"""Several control planes: who joins when, and what becomes of the others when one fails."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from nightfleet.converge import ConvergeReport, NodeState, converge
from nightfleet.site import Site, load_site
from tests.fleet.conftest import HERE
from tests.fleet.toyhost import joined

Faults = Callable[[Mapping[str, object]], None]
S = NodeState
JOIN_FAILS = {"fake_responses": {"once join": {"success": False, "stderr": "error: no route to host"}}}
OTHERS = {"r1", "w1", "w2", "w3", "w4"}


@pytest.fixture
def three(toys: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """Return a site of three control planes and four workers, blank at first."""
    assert toys.is_dir()
    site = load_site(HERE / "sites/three/site.yaml")
    monkeypatch.setenv("TOY_ENDPOINT", site.endpoint)
    return site


def states(report: ConvergeReport) -> dict[str, NodeState]:
    return {node.name: node.state for node in report.nodes}


def done(report: ConvergeReport) -> set[str]:
    return {name for name, state in states(report).items() if state in (S.CHANGED, S.UNCHANGED)}


def test_control_planes_join_one_after_another_and_workers_after_them(three: Site) -> None:
    report = converge(three)
    assert report.unfinished == (), {node.name: node.reason for node in report.nodes}
    assert joined()[:3] == ["c1", "c2", "c3"]
    assert set(joined()[3:]) == OTHERS
    assert converge(three).changes == 0


def test_nobody_joins_before_there_is_a_cluster(three: Site, faults: Faults) -> None:
    faults({"c1": {"fake_responses": {"once init": {"success": False, "stderr": "error: no space left"}}}})
    report = converge(three)
    assert joined() == []
    assert states(report)["c1"] is S.FAILED
    assert "c1 or c2 or c3 gives no ticket: is its API server up?" in report.nodes[1].reason


def test_after_a_failed_join_the_next_control_plane_waits_and_the_workers_go_on(
    three: Site, faults: Faults
) -> None:
    faults({"c2": JOIN_FAILS})
    report = converge(three)
    assert set(joined()) == {"c1"} | OTHERS
    assert states(report)["c2"] is S.FAILED
    assert states(report)["c3"] is S.REFUSED
    assert report.nodes[2].reason.startswith("c2 has not joined, and two control planes are worse than one")
    assert done(report) >= OTHERS
    faults({})
    assert converge(three, nodes=report.unfinished).unfinished == ()
    assert joined()[-2:] == ["c2", "c3"]


def test_a_control_plane_that_is_down_is_joined_when_it_is_there(three: Site, faults: Faults) -> None:
    faults({"c2": {"fake_down": True}})
    report = converge(three)
    assert (states(report)["c2"], states(report)["c3"]) == (S.UNREACHABLE, S.REFUSED)
    faults({})
    assert converge(three).unfinished == ()
    assert joined()[-2:] == ["c2", "c3"]


def test_without_the_first_control_plane_another_one_gives_the_tickets(three: Site, faults: Faults) -> None:
    first = {"c1": {}, **{name: {"fake_down": True} for name in sorted(OTHERS)}}
    faults(first)
    assert set(converge(three).unfinished) == OTHERS
    faults({"c1": {"fake_down": True}})
    report = converge(three)
    assert report.unfinished == ("c1",)
    assert set(joined()[3:]) == OTHERS
