"""Claims about the guard: what is refused, why, and what is let through."""

from collections.abc import Callable
from typing import Any

import pytest

from nightfleet.cloud.conftest import entry
from nightfleet.cloud.guard import Verdict, judge
from nightfleet.cloud.occupied import NO_CLUSTER, Occupied
from nightfleet.quorum import Member

Maker = Callable[..., Any]
IDLE = Occupied()


def etcd(*names: str, sick: tuple[str, ...] = ()) -> Occupied:
    """A cluster of these control planes, with no other pods."""
    members = tuple(Member(name, name, f"https://{name}:2379", name not in sick) for name in names)
    return Occupied(members=members, control_planes=frozenset(names))


def only(verdict: Verdict) -> Any:
    """Return the one refusal."""
    (refusal,) = verdict.refusals
    return refusal


def test_new_nodes_are_welcome(plan: Maker, instance: Maker, volume: Maker) -> None:
    verdict = judge(plan(instance("os-w9", "create"), volume("os-w9/imagefs", "create")), IDLE)
    assert verdict.safe
    assert verdict.counts == {"create": 2, "update": 0, "replace": 0, "delete": 0}


def test_an_empty_plan_is_empty(plan: Maker, instance: Maker) -> None:
    assert judge(plan(instance("os-w1", "no-op")), IDLE).empty


def test_an_idle_node_may_be_replaced_and_it_is_said(plan: Maker, instance: Maker) -> None:
    verdict = judge(plan(instance("os-w1", "delete", "create", why=[["user_data"]])), IDLE)
    assert verdict.safe
    assert verdict.warnings == ("os-w1 is replaced; no pod runs there",)


def test_what_a_broken_off_apply_has_just_made_may_be_made_again(plan: Maker, instance: Maker) -> None:
    changes = plan(*(instance(name, "delete", "create", why=[["block_device"]]) for name in ("a", "b")))
    unknown = Occupied(pods=None)
    assert judge(changes, unknown, fresh=[change.address for change in changes]).safe
    assert not judge(changes, unknown, fresh=[changes[0].address]).safe


def test_a_node_with_pods_is_not_replaced_under_them(plan: Maker, instance: Maker) -> None:
    busy = Occupied(pods={"os-w1": ("ml/train-0", "ml/train-1")})
    refusal = only(judge(plan(instance("os-w1", "delete", "create", why=[["user_data"]])), busy))
    assert refusal.what == "os-w1 would be replaced, and 2 pods run there: ml/train-0, ml/train-1"
    assert refusal.resource == 'module.nodes.openstack_compute_instance_v2.node["os-w1"]'
    assert refusal.because == "user_data"
    assert (
        "nightfleet node leave os-w1, nightfleet cloud apply --only os-w1, nightfleet node replace os-w1"
        in (refusal.way)
    )


@pytest.mark.parametrize(
    ("after", "words"),
    [
        ({"image_id": "debian-13"}, "rebuilt in place: its root disk is lost"),
        ({"flavor_id": "3"}, "resized: it is stopped for it"),
        ({"power_state": "shutoff"}, "switched off"),
    ],
)
def test_an_update_that_disturbs_is_no_mere_update(
    plan: Maker, instance: Maker, after: dict[str, str], words: str
) -> None:
    busy = Occupied(pods={"os-w1": ("ml/train-0",)})
    refusal = only(judge(plan(instance("os-w1", "update", **after)), busy))
    assert words in refusal.what
    assert refusal.because == next(iter(after))


def test_an_update_of_names_and_tags_disturbs_nobody(plan: Maker, instance: Maker) -> None:
    busy = Occupied(pods={"os-w1": ("ml/train-0",)})
    assert judge(plan(instance("os-w1", "update", metadata={"a": "b"})), busy).safe


def test_a_node_that_is_switched_on_again_is_not_harmed(plan: Maker, instance: Maker) -> None:
    assert judge(plan(instance("os-w1", "update", power_state="active")), IDLE).warnings == ()


def test_unknown_pods_count_as_pods(plan: Maker, instance: Maker) -> None:
    silent = Occupied(pods=None, silent="the API server has not answered for 10 s")
    refusal = only(judge(plan(instance("os-w1", "delete")), silent))
    assert "whether pods run there is not known: the API server has not answered" in refusal.what


def test_before_there_is_a_cluster_nobody_has_to_be_asked(plan: Maker, instance: Maker) -> None:
    verdict = judge(plan(instance("os-w1", "delete", reason="delete_because_each_key")), NO_CLUSTER)
    assert verdict.safe
    assert any("no cluster was made from here" in line for line in verdict.warnings)


def test_more_nodes_at_once_than_the_site_allows_are_refused(plan: Maker, instance: Maker) -> None:
    changes = plan(*(instance(f"os-w{i}", "update", image_id="new") for i in range(1, 8)))
    refusal = only(judge(changes, IDLE, most=2))
    assert refusal.what == (
        "7 nodes would be harmed at once, at most 2 may be: os-w1, os-w2, os-w3, os-w4, os-w5 and 2 more"
    )
    assert "nightfleet cloud apply --only os-w1" in refusal.way
    assert judge(changes, IDLE, most=7).safe


def test_nodes_that_were_named_do_not_count(plan: Maker, instance: Maker) -> None:
    changes = plan(instance("os-w1", "update", image_id="new"), instance("os-w2", "update", image_id="new"))
    verdict = judge(changes, IDLE, most=1, allowed=["os-w2"])
    assert verdict.safe
    assert verdict.allowed == ("os-w2",)


def test_a_volume_is_not_deleted_with_its_data(plan: Maker, volume: Maker) -> None:
    refusal = only(
        judge(plan(volume("os-w1/imagefs", "delete", action_reason="delete_because_each_key")), IDLE)
    )
    assert refusal.what == "os-w1/imagefs would be deleted with its data"
    assert refusal.because == "delete because each key"
    assert "--allow-replace os-w1/imagefs" in refusal.way


def test_the_name_of_a_node_does_not_open_its_volumes(plan: Maker, instance: Maker, volume: Maker) -> None:
    changes = plan(instance("os-w1", "delete"), volume("os-w1/imagefs", "delete"))
    refusal = only(judge(changes, IDLE, allowed=["os-w1"]))
    assert refusal.opens == "os-w1/imagefs"
    assert judge(changes, IDLE, allowed=["os-w1", "os-w1/imagefs"]).safe


def test_a_volume_cannot_become_smaller_even_if_somebody_insists(plan: Maker, volume: Maker) -> None:
    refusal = only(judge(plan(volume("os-w1/imagefs", "update", size=5)), IDLE))
    assert refusal.what == "os-w1/imagefs would be made smaller, which no cloud does"
    assert refusal.opens == ""
    assert not judge(plan(volume("os-w1/imagefs", "update", size=5)), IDLE, allowed=["os-w1/imagefs"]).safe
    assert judge(plan(volume("os-w1/imagefs", "update", size=50)), IDLE).safe


def test_a_share_whose_protocol_changes_is_a_share_that_is_lost(plan: Maker) -> None:
    share = entry(
        "module.share.openstack_sharedfilesystem_share_v2.this",
        ["delete", "create"],
        {"name": "home", "share_proto": "NFS"},
        {"name": "home", "share_proto": "CEPHFS"},
        replace_paths=[["share_proto"]],
    )
    refusal = only(judge(plan(share), IDLE))
    assert (refusal.what, refusal.because) == (
        "share/home would be deleted with its data",
        "share_proto",
    )


def test_the_address_of_the_api_is_not_given_back_on_the_way(plan: Maker) -> None:
    address = entry("module.endpoint.openstack_networking_floatingip_v2.this", ["delete"], {"id": "1"}, None)
    assert "another one has another address" in only(judge(plan(address), IDLE)).what


def test_one_of_three_control_planes_may_go(plan: Maker, instance: Maker) -> None:
    assert judge(plan(instance("c1", "delete", "create")), etcd("c1", "c2", "c3")).safe


def test_two_of_three_control_planes_may_not(plan: Maker, instance: Maker) -> None:
    changes = plan(instance("c1", "delete", "create"), instance("c2", "delete", "create"))
    refusal = only(judge(changes, etcd("c1", "c2", "c3"), most=5))
    assert "etcd has 3 members and needs 2; 1 healthy ones would be left" in refusal.what
    assert "nightfleet node leave c1" in refusal.way


def test_one_that_was_opened_still_counts_for_the_quorum(plan: Maker, instance: Maker) -> None:
    changes = plan(instance("c1", "delete", "create"), instance("c2", "delete", "create"))
    assert not judge(changes, etcd("c1", "c2", "c3"), most=5, allowed=["c1"]).safe
    assert judge(changes, etcd("c1", "c2", "c3"), most=5, allowed=["c1", "c2"]).safe


def test_a_sick_member_makes_the_others_indispensable(plan: Maker, instance: Maker) -> None:
    assert not judge(plan(instance("c1", "update", flavor_id="9")), etcd("c1", "c2", "c3", sick=("c3",))).safe


def test_the_only_control_plane_may_pause_and_not_be_rebuilt(plan: Maker, instance: Maker) -> None:
    assert judge(plan(instance("c1", "update", flavor_id="9")), etcd("c1")).safe
    refusal = only(judge(plan(instance("c1", "update", image_id="new")), etcd("c1")))
    assert "it holds the only copy of the cluster's data" in refusal.what


def test_an_etcd_that_does_not_answer_protects_its_control_planes(plan: Maker, instance: Maker) -> None:
    silent = Occupied(members=None, control_planes=frozenset({"c1"}), silent="no answer")
    assert "etcd does not say" in only(judge(plan(instance("c1", "delete")), silent)).what


def test_a_port_that_is_replaced_takes_its_nodes_address(plan: Maker) -> None:
    port = entry(
        'module.nodes.openstack_networking_port_v2.node["os-w1"]',
        ["delete", "create"],
        {"name": "os-w1", "network_id": "1"},
        {"name": "os-w1", "network_id": "2"},
        replace_paths=[["network_id"]],
    )
    busy = Occupied(pods={"os-w1": ("ml/train-0",)})
    assert "os-w1 would be robbed of its port and address" in only(judge(plan(port), busy)).what
    assert only(judge(plan(port), busy)).because == "network_id"


def test_a_rename_is_recognised_and_the_moved_blocks_are_printed(
    plan: Maker, instance: Maker, volume: Maker
) -> None:
    each = "delete_because_each_key"
    verdict = judge(
        plan(
            instance("os-w1", "delete", reason=each),
            volume("os-w1/imagefs", "delete", action_reason=each),
            instance("gpu-1", "create"),
            volume("gpu-1/imagefs", "create"),
        ),
        NO_CLUSTER,
    )
    nodes = "module.nodes.openstack"
    assert [(rename.old, rename.new) for rename in verdict.renames] == [
        (f'{nodes}_compute_instance_v2.node["os-w1"]', f'{nodes}_compute_instance_v2.node["gpu-1"]'),
        (
            f'{nodes}_blockstorage_volume_v3.data["os-w1/imagefs"]',
            f'{nodes}_blockstorage_volume_v3.data["gpu-1/imagefs"]',
        ),
    ]


def test_another_public_key_reaches_new_machines_only(plan: Maker) -> None:
    key = entry(
        "module.nodes.openstack_compute_keypair_v2.this", ["delete", "create"], {"name": "k"}, {"name": "k"}
    )
    assert "keep the old key" in judge(plan(key), IDLE).warnings[0]
