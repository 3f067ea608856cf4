"""Claims about who works on a machine that the cluster knows by another name."""

from collections.abc import Callable
from typing import Any

from nightfleet.cloud.guard import judge
from nightfleet.cloud.occupied import Occupied
from nightfleet.quorum import Member

Maker = Callable[..., Any]
AT = "10.0.0.21"
SEEN = Occupied(pods={"os-w1": ("ml/train-0",)}, nodes={AT: "os-w1", "10.0.0.22": "os-w2"})


def gone(instance: Maker, name: str, address: str = "") -> Any:
    """The end of a machine with this address."""
    entry = instance(name, "delete")
    entry["change"]["before"]["network"] = [{"fixed_ip_v4": address}] if address else []
    return entry


def test_a_machine_that_was_renamed_is_known_by_its_address(plan: Maker, instance: Maker) -> None:
    (refusal,) = judge(plan(gone(instance, "gpu-1", AT)), SEEN).refusals
    assert refusal.what == "gpu-1 would be destroyed, and 1 pods run there: ml/train-0"


def test_a_machine_at_no_nodes_address_is_not_in_the_cluster(plan: Maker, instance: Maker) -> None:
    assert judge(plan(gone(instance, "gpu-1", "10.0.0.77")), SEEN).safe


def test_a_machine_without_an_address_may_be_any_node(plan: Maker, instance: Maker) -> None:
    (refusal,) = judge(plan(gone(instance, "gpu-1")), SEEN).refusals
    assert "Terraform's state does not say its address, and no node has this name" in refusal.what
    assert judge(plan(gone(instance, "os-w2")), SEEN).safe


def test_a_member_of_etcd_is_known_by_its_address_too(plan: Maker, instance: Maker) -> None:
    members = tuple(
        Member(n, n, "", True, peer=f"https://10.0.0.{10 + int(n[1])}:2380") for n in ("c1", "c2")
    )
    seen = Occupied(members=members, nodes={"10.0.0.11": "c1", "10.0.0.12": "c2"})
    (refusal,) = judge(plan(gone(instance, "gpu-c1", "10.0.0.11")), seen).refusals
    assert "etcd has 2 members and needs 2; 1 healthy ones would be left" in refusal.what


def test_a_control_plane_under_another_name_is_one_when_etcd_is_silent(plan: Maker, instance: Maker) -> None:
    seen = Occupied(
        members=None, control_planes=frozenset({"c1"}), silent="no answer", nodes={"10.0.0.11": "c1"}
    )
    (refusal,) = judge(plan(gone(instance, "gpu-c1", "10.0.0.11")), seen).refusals
    assert "etcd does not say who its members are (no answer)" in refusal.what
