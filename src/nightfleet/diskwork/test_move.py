"""Claims about moving a live node: what is left follows from what is seen; no bad end is begun."""

from dataclasses import replace

import pytest

from nightfleet.cluster.ssh import Said
from nightfleet.disks.conftest import answer
from nightfleet.disks.found import GIB
from nightfleet.diskwork.move import (
    BACK,
    FORWARD,
    Here,
    MovePlan,
    Step,
    plan_back,
    plan_move,
    read_here,
    script,
)
from nightfleet.diskwork.survey import judged
from nightfleet.site import Site

USED = {"/var/lib/containerd": 30 * GIB, "/var/lib/kubelet": GIB, "/var/log/pods": GIB}
LIVE = Here(held=False, old=(), used=USED)


def planned(
    site: Site,
    machine: str,
    here: Here,
    plane: bool = False,
    pull: bool = False,
    window: str = "",
    known: bool = True,
) -> MovePlan:
    """Return the plan for node n1 when it is this machine."""
    surveyed = judged(site, Said("n1", 0, "\n".join(answer(machine)), ""), frozenset(), moving=True)
    return plan_move(surveyed, here, plane, known, pull, window)


def test_a_live_node_is_moved_step_by_step(site: Site) -> None:
    found = planned(site, "live-node", LIVE)
    assert found.refusals == ()
    assert found.steps == FORWARD
    assert found.made[0].startswith("partition /dev/vdb")
    assert [volume.where for volume in found.volumes] == ["/var/lib/containerd", "/var/lib/kubelet"]


def test_a_node_with_its_own_filesystems_has_nothing_to_move(site: Site) -> None:
    assert planned(site, "finished", Here(held=False, old=(), used={})).steps == ()


def test_a_move_that_was_killed_goes_on_until_its_end(site: Site) -> None:
    halfway = Here(held=True, old=("/var/lib/kubelet.nightfleet-old",), used={})
    assert planned(site, "finished", halfway, window="closed").steps == FORWARD
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
    assert read_here(["member", "lacks mkfs.xfs", "aside"]) == Here(
        False, (), {}, member=True, aside=True, lacks=("mkfs.xfs",)
    )


def test_a_member_of_a_cluster_that_cannot_be_asked_is_refused(site: Site) -> None:
    member = replace(LIVE, member=True)
    assert planned(site, "live-node", member).refusals == ()
    (reason,) = planned(site, "live-node", member, known=False).refusals
    assert "its pods could not leave" in reason
    assert planned(site, "live-node", LIVE, known=False).refusals == ()


def test_a_tool_that_lacks_is_told_before_any_pod_leaves(site: Site) -> None:
    bare = replace(LIVE, lacks=("mkfs.xfs", "mkfs.ext4"))
    assert planned(site, "live-node", bare).refusals == ("it has no mkfs.xfs: apt-get install xfsprogs",)
    assert planned(site, "finished", replace(bare, held=True)).refusals == ()


def test_a_move_is_given_up_while_nothing_has_made_room() -> None:
    assert plan_back("n1", replace(LIVE, held=True), is_closed=True).steps == BACK
    assert plan_back("n1", LIVE, is_closed=True).steps == BACK
    assert plan_back("n1", LIVE, is_closed=False).steps == ()
    assert script("", Step.EMPTY, (), pull=False).splitlines()[1:] == ["alone", "emptied"]


@pytest.mark.parametrize(
    "here",
    [
        pytest.param(replace(LIVE, held=True, old=("/var/lib/kubelet.nightfleet-old",)), id="a-folder"),
        pytest.param(replace(LIVE, held=True, aside=True), id="its-mark"),
        pytest.param(replace(LIVE, old=("/var/lib/kubelet.nightfleet-old",)), id="released"),
    ],
)
def test_there_is_no_way_back_once_old_folders_have_made_room(here: Here) -> None:
    found = plan_back("n1", here, is_closed=True)
    assert found.steps == ()
    assert "`nightfleet disks migrate n1` goes on to its end" in found.refusals[0]
