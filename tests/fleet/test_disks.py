"""deploys/disks in real pyinfra, on fake hosts that have the disks of recorded machines."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from nightfleet.converge import ConvergeReport, NodeState, converge
from nightfleet.disks.conftest import answer
from nightfleet.site import Site, load_site

HERE = Path(__file__).parent
QUESTION = "echo '== lsblk'"
Faults = Callable[[Mapping[str, object]], None]


@pytest.fixture
def site() -> Site:
    """Return a site of which one class has a layout."""
    return load_site(HERE / "sites/disks/site.yaml")


def having(machine: str) -> dict[str, object]:
    """Return host data: this host's disks are those of a recorded machine, and a refusal fails as one."""
    refusal = {
        "printf '%s\\n' 'nightfleet refuses": {"success": False, "stderr": "nightfleet refuses: as said"}
    }
    return {"fake_responses": {"== lsblk": answer(machine), **refusal}}


def changed(report: ConvergeReport, name: str) -> list[str]:
    """Return the operations that change a host."""
    (node,) = [node for node in report.nodes if node.name == name]
    names = [operation.name for operation in node.operations if operation.state == "changed"]
    return [name.removeprefix("disks | ") for name in names]


def test_each_host_is_planned_by_its_own_disks_and_a_class_without_layout_is_left_alone(
    site: Site, faults: Faults
) -> None:
    faults({"n1": having("blank"), "n2": having("finished"), "n3": having("whole-disk-ext4")})
    report = converge(site, ["c1", "n[1-3]"], "disks", True)
    states = {node.name: node.state for node in report.nodes}
    assert states["c1"] is NodeState.UNCHANGED
    assert states["n3"] is NodeState.REFUSED
    (refused,) = [node for node in report.nodes if node.name == "n3"]
    assert "not empty: ext4" in str(refused.reason)
    assert "Lay out disks" in changed(report, "n1")
    assert "Lay out disks" not in changed(report, "n2")


def test_a_refused_host_is_not_touched_and_the_others_are_laid_out(site: Site, faults: Faults) -> None:
    faults({"n1": having("blank"), "n3": having("veracrypt"), "n4": having("failing")})
    report = converge(site, ["n1", "n3", "n4"], "disks")
    states = {node.name: node.state for node in report.nodes}
    assert states == {"n1": NodeState.CHANGED, "n3": NodeState.REFUSED, "n4": NodeState.REFUSED}
    assert changed(report, "n3") == []
    assert changed(report, "n1")[-3:] == [
        "Write mount units and kubelet's thresholds",
        "Mount filesystems",
        "Put logs of pods on kubelet's filesystem",
    ]
