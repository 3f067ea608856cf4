"""Claims about moving a live node: what is left follows from what is seen; no bad end is begun."""

import pytest

from nightfleet.cluster.ssh import Said
from nightfleet.disks.conftest import answer
from nightfleet.disks.found import GIB
from nightfleet.diskwork.move import Here, MovePlan, Step, plan_move, read_here, script
from nightfleet.diskwork.survey import judged
from nightfleet.site import Site

USED = {"/var/lib/containerd": 30 * GIB, "/var/lib/kubelet": GIB, "/var/log/pods": GIB}
LIVE = Here(held=False, old=(), used=USED)


def planned(
    site: Site, machine: str, here: Here, plane: bool = False, pull: bool = False, window: str = ""
) -> MovePlan:
    """Return the plan for node n1 when it is this machine."""
    surveyed = judged(site, Said("n1", 0, "\n".join(answer(machine)), ""), frozenset(), moving=True)
    return plan_move(surveyed, here, plane, pull, window)


def test_a_live_node_is_moved_step_by_step(site: Site) -> None:
    found = planned(site, "live-node", LIVE)
    assert found.refusals == ()
    assert found.steps == tuple(Step)
    assert found.made[0].startswith("partition /dev/vdb")
    assert [volume.where for volume in found.volumes] == ["/var/lib/containerd", "/var/lib/kubelet"]


def test_a_node_with_its_own_filesystems_has_nothing_to_move(site: Site) -> None:
    assert planned(site, "finished", Here(held=False, old=(), used={})).steps == ()


def test_a_move_that_was_killed_goes_on_until_its_end(site: Site) -> None:
    halfway = Here(held=True, old=("/var/lib/kubelet.nightfleet-old",), used={})
    assert planned(site, "finished", halfway, window="closed").steps == tuple(Step)
    almost = Here(held=False, old=("/var/lib/kubelet.nightfleet-old",), used={})
    assert planned(site, "finished", almost).steps == (Step.START, Step.OPEN, Step.TIDY)


def test_what_does_not_fit_is_refused_before_anything_stops(site: Site) -> None:
    full = Here(held=False, old=(), used={**USED, "/var/lib/containerd": 39 * GIB})
    (reason,) = planned(site, "live-node", full).refusals
    assert reason.endswith("make it larger, or --pull leaves the images behind")
    assert planned(site, "live-node", full, pull=True).refusals == ()


def test_logs_need_room_beside_pods(site: Site) -> None:
    loud = Here(held=False, old=(), used={**USED, "/var/log/pods": 18 * GIB})
    assert "/var/lib/kubelet holds 19 GiB" in planned(site, "live-node", loud).refusals[0]


@pytest.mark.parametrize(
    ("plane", "window", "reason"),
    [
        (True, "", "its etcd would stop"),
        (False, "this is outside the maintenance windows", "--outside-window"),
    ],
    ids=["control-plane", "window"],
)
def test_a_move_at_the_wrong_place_or_time_is_refused(
    site: Site, plane: bool, window: str, reason: str
) -> None:
    found = planned(site, "live-node", LIVE, plane, window=window)
    assert found.steps == ()
    assert reason in found.refusals[0]


def test_a_disk_that_holds_anything_stops_the_move(site: Site) -> None:
    found = planned(site, "whole-disk-ext4", Here(held=True, old=(), used=USED))
    assert "not empty: ext4" in found.refusals[0]


def test_each_step_is_a_word_of_the_script(site: Site) -> None:
    volumes = planned(site, "live-node", LIVE).volumes
    uuid = volumes[0].uuid
    assert script("", Step.COPY, volumes, pull=True).splitlines()[2] == (
        f"copied imagefs /var/lib/containerd /dev/disk/by-uuid/{uuid} xfs rw pull"
    )
    assert script("", Step.ASIDE, volumes, pull=False).splitlines()[3] == (
        "aside nodefs /var/lib/kubelet /var/log/pods"
    )
    assert script("", Step.TIDY, volumes, pull=False).splitlines()[1:] == ["alone", "tidied"]


def test_what_a_node_says_is_read() -> None:
    said = ["held", "old /var/lib/kubelet.nightfleet-old", "used 4096 /var/lib/containerd"]
    assert read_here(said) == Here(True, ("/var/lib/kubelet.nightfleet-old",), {"/var/lib/containerd": 4096})
