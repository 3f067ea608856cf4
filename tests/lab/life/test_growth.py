"""Lab tier: one control plane becomes three, with a join that is killed half way; quorum is never lost."""

import os
from collections.abc import Iterator

import pytest

from nightfleet.converge import NodeState
from nightfleet.errors import Exit
from tests.lab.cluster import Cluster, end, report_of
from tests.lab.conftest import laid_out
from tests.lab.life.control_planes import all_ready, healthy_members, is_whole, names

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="hosts are booted by root only")
OTHERS = "  nfg-c[2-3]:\n    address: 10.101.1.[12-13]\n    roles: [control_plane]\n    class: host\n"


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Return a site of three control planes whose cluster has one."""
    with laid_out("grow", tmp_path_factory.mktemp("state")) as there:
        alone = there.edited(tmp_path_factory.mktemp("one"), (OTHERS, ""))
        alone.nightfleet("lab", "up")
        assert healthy_members(alone) == ["nfg-c1"]
        there.nightfleet("lab", "up", "--hosts-only")
        yield there


def test_a_control_planes_join_that_is_killed_is_told_of_and_the_next_one_waits(grown: Cluster) -> None:
    running = grown.start("converge")
    announced = grown.root("nfg-c2") / "etc/kubernetes/manifests/etcd.yaml"
    running.wait_until(announced.exists, "etcd was told of nfg-c2")
    end(grown.processes("nfg-c2", "kubeadm", "join"))
    states = {node.name: node.state for node in running.report(Exit.PARTLY).nodes}
    assert states["nfg-c2"] is NodeState.FAILED
    assert states["nfg-c3"] is NodeState.REFUSED
    assert "nfg-c1" in healthy_members(grown)


def test_converging_again_completes_it_and_all_three_are_whole(grown: Cluster) -> None:
    report = report_of(grown.nightfleet("lab", "up")["converge"])
    assert report.unfinished == ()
    assert healthy_members(grown) == names(grown)
    assert is_whole(grown)
    assert all_ready(grown)
    assert grown.converge().changes == 0
    assert grown.faults() == []


def test_nobody_joins_a_cluster_that_knows_itself_by_another_address(
    grown: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> None:
    moved = grown.edited(tmp_path_factory.mktemp("moved"), ("10.101.1.10", "10.101.1.9"))
    grown.ask("nfg-c3", "mv /etc/kubernetes/nightfleet/member /root/")
    try:
        report = moved.converge("nfg-c3", "--only", "kubernetes", ends_with=Exit.REFUSED)
    finally:
        grown.ask("nfg-c3", "mv /root/member /etc/kubernetes/nightfleet/")
    assert "was begun at 10.101.1.10:8443, and the site file says 10.101.1.9:8443" in report.nodes[0].reason
