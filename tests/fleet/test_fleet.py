"""The whole story of deploys/fleet.py on 100 and 500 hosts: order, no second change, cost per host."""

import pickle
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from nightfleet.converge import ConvergeReport, Event, HostEvent, Kind, NodeState, WaveStarted, converge
from nightfleet.site import Site, load_site
from tests.fleet.conftest import HERE, settle

HUNDRED = ["c1", "r1", "w[001-098]"]
MOST_ROUND_TRIPS = 40  # of a no-op converge of a worker
BEGIN, JOIN, SETTLE = "Begin the cluster", "Join the cluster", "Label the nodes"


@dataclass
class Story:
    """What some converges of one fleet told: a report, events and round trips per host of each."""

    toys: Path
    reports: list[ConvergeReport] = field(default_factory=list)
    events: list[list[Event]] = field(default_factory=list)
    heard: list[dict[str, int]] = field(default_factory=list)

    def converge(self, site: Site, nodes: Sequence[str] | None = None) -> None:
        """Converge once more."""
        before = self._heard()
        self.events.append([])
        self.reports.append(converge(site, nodes, on_event=self.events[-1].append))
        self.heard.append({name: count - before.get(name, 0) for name, count in self._heard().items()})

    def _heard(self) -> dict[str, int]:
        files = (path for path in self.toys.iterdir() if path.name not in ("members", "order"))
        return {path.name: pickle.loads(path.read_bytes()).heard for path in files}


def story(folder: Path, nodes: Sequence[str] | None) -> Iterator[Story]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        told = Story(settle(folder, monkeypatch))
        site = load_site(HERE / "sites/big/site.yaml")
        told.converge(site, nodes)
        told.converge(site, nodes)
        yield told


@pytest.fixture(scope="module")
def hundred(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """100 blank hosts, converged twice."""
    yield from story(tmp_path_factory.mktemp("hundred"), HUNDRED)


@pytest.fixture(scope="module")
def five_hundred(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """500 blank hosts, converged twice."""
    yield from story(tmp_path_factory.mktemp("five_hundred"), None)


def test_a_hundred_blank_hosts_become_a_cluster_in_one_process(hundred: Story) -> None:
    report = hundred.reports[0]
    assert len(report.waves) == 1
    assert [node.name for node in report.nodes if node.state is not NodeState.CHANGED] == []
    assert len(report.nodes) == 100


def test_the_second_converge_of_a_hundred_hosts_changes_nothing(hundred: Story) -> None:
    report = hundred.reports[1]
    assert [
        (node.name, [op.name for op in node.operations if op.state == "changed"]) for node in report.nodes
    ] == [(node.name, []) for node in report.nodes]
    assert {node.state for node in report.nodes} == {NodeState.UNCHANGED}


def test_nobody_joins_before_the_cluster_has_begun_nor_is_settled_before_all_have_joined(
    hundred: Story,
) -> None:
    happened = [event for event in hundred.events[0] if isinstance(event, HostEvent)]
    begun = place(happened, Kind.DONE, BEGIN, first=True)
    assert begun < place(happened, Kind.START, JOIN, first=True, but="c1")
    assert place(happened, Kind.DONE, JOIN) < place(happened, Kind.START, SETTLE, first=True)


def test_a_noop_converge_of_a_worker_stays_below_forty_round_trips(
    hundred: Story, record_property: Callable[[str, object], None]
) -> None:
    counts = {name: heard for name, heard in hundred.heard[1].items() if name.startswith("w")}
    operations = {len(node.operations) for node in hundred.reports[1].nodes if node.name in counts}
    record_property("round_trips_per_worker", max(counts.values()))
    record_property("operations_per_worker", max(operations))
    assert len(operations) == 1
    assert 0 < max(counts.values()) < MOST_ROUND_TRIPS


def test_five_hundred_hosts_run_in_waves_and_the_first_control_plane_ends_them(five_hundred: Story) -> None:
    waves = [event for event in five_hundred.events[0] if isinstance(event, WaveStarted)]
    assert sorted(len(wave.nodes) for wave in waves) == [1, 100, 100, 100, 100, 100]
    assert waves[0].nodes[:2] == ("c1", "r1")
    assert waves[-1].nodes == ("c1",)
    report = five_hundred.reports[0]
    assert len(report.nodes) == 500
    assert {node.state for node in report.nodes} == {NodeState.CHANGED}


def test_the_second_converge_of_five_hundred_hosts_changes_nothing(
    five_hundred: Story, record_property: Callable[[str, object], None]
) -> None:
    report = five_hundred.reports[1]
    record_property("seconds", report.seconds)
    assert report.changes == 0
    assert {node.state for node in report.nodes} == {NodeState.UNCHANGED}


def place(
    events: Sequence[HostEvent], kind: Kind, name: str, first: bool = False, but: str | None = None
) -> int:
    """Return where the first or last event of an operation stands."""
    found = [
        number
        for number, event in enumerate(events)
        if event.event is kind and name in event.name and event.host != but
    ]
    return found[0] if first else found[-1]
