"""Lab tier: the loss of a control plane, abrupt, under a client that goes on writing; and its return."""

import os
from collections.abc import Callable

import pytest

from tests.lab.cluster import Cluster
from tests.lab.life.control_planes import healthy_members, holder, leader, names, survive
from tests.lab.life.pulse import Loss

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="hosts are booted by root only")
Record = Callable[[str, object], None]


def bystander(cluster: Cluster) -> str:
    """Return a control plane that neither holds the address nor leads etcd."""
    busy = {holder(cluster), leader(cluster)}
    return next(name for name in names(cluster) if name not in busy)


def holding(cluster: Cluster) -> str:
    return holder(cluster)


@pytest.mark.parametrize("choose", [bystander, holding], ids=["bystander", "holder-of-the-address"])
def test_a_control_plane_dies_and_comes_back_while_a_client_writes(
    ha: Cluster, choose: Callable[[Cluster], str], record_property: Record
) -> None:
    victim = choose(ha)
    seen = survive(ha, victim)
    for what, one in (("dies", seen.death), ("comes back", seen.back), ("without endpoint", seen.without)):
        print(f"\n{choose.__name__} {victim} {what}: {one}", end="")
        record_property(f"{choose.__name__} {what}", str(one))
    carried_on(seen.death)
    carried_on(seen.back)
    assert healthy_members(ha) == names(ha)


def carried_on(seen: Loss) -> None:
    """No bound of time: a busy machine is no fault. But writes went on."""
    assert seen.writes > 0
    assert seen.failed < seen.writes, str(seen)


def test_the_address_does_not_move_for_a_host_that_returns(ha: Cluster) -> None:
    before = holder(ha)
    other = next(name for name in names(ha) if name != before)
    survive(ha, other)
    assert holder(ha) == before


def test_every_check_passes_and_nothing_is_left_to_do(ha: Cluster) -> None:
    assert ha.converge().changes == 0
    assert ha.faults() == []
