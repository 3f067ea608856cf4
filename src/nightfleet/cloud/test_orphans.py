"""Claims about what a broken-off apply left behind."""

from collections.abc import Callable
from typing import Any

from nightfleet.cloud.conftest import entry
from nightfleet.cloud.kinds import (
    BALANCER,
    INSTANCE,
    KEYPAIR,
    LISTENER,
    MEMBER,
    PORT,
    RULE,
    SHARE,
    SPREAD,
    VOLUME,
)
from nightfleet.cloud.orphans import TAG, Thing, adoptions, attachments, known_ids, not_looked_for

Maker = Callable[..., Any]


def server(name: str, id: str, cluster: str | None = None) -> Thing:
    """A server that the cloud has."""
    return Thing(INSTANCE, id, {"name": name, TAG: cluster})


def port(name: str, network: str, *addresses: str) -> Thing:
    """A port that the cloud has."""
    return Thing(
        PORT, f"port-in-{network}", {"network_id": network, "name": name, "fixed_ip": frozenset(addresses)}
    )


def planned(kind: str, **after: Any) -> dict[str, Any]:
    """An entry of a plan that would make a thing."""
    return entry(f"module.x.{kind}.this", ["create"], None, after)


def test_what_is_there_under_the_name_that_the_plan_would_make_is_taken_over(
    plan: Maker, instance: Maker, volume: Maker
) -> None:
    changes = plan(instance("os-w1", "create"), volume("os-w1/x", "create"), instance("os-w2", "no-op"))
    there = [server("os-w1", "i1"), Thing(VOLUME, "v1", {"name": "nf-os-w1/x"}), server("os-w2", "i2")]
    assert [(one.id, one.address) for one in adoptions(changes, there, ())] == [
        ("v1", 'module.nodes.openstack_blockstorage_volume_v3.data["os-w1/x"]'),
        ("i1", 'module.nodes.openstack_compute_instance_v2.node["os-w1"]'),
    ]


def test_what_the_state_knows_already_is_somebody_elses_namesake(plan: Maker, instance: Maker) -> None:
    assert adoptions(plan(instance("os-w1", "create")), [server("os-w1", "i1")], ["i1"]) == ()


def test_two_of_one_name_are_left_alone(plan: Maker, instance: Maker) -> None:
    there = [server("os-w1", "i1"), server("os-w1", "i2")]
    assert adoptions(plan(instance("os-w1", "create")), there, ()) == ()


def test_the_machine_of_another_cluster_is_not_ours_by_its_name(plan: Maker, instance: Maker) -> None:
    changes = plan(instance("os-w1", "create", metadata={TAG: "gpu"}))
    assert adoptions(changes, [server("os-w1", "i1", "cpu"), server("os-w1", "i2")], ()) == ()
    there = [server("os-w1", "i1", "cpu"), server("os-w1", "i2", "gpu")]
    assert [one.id for one in adoptions(changes, there, ())] == ["i2"]


def test_a_port_is_known_by_its_network_and_its_address_too(plan: Maker) -> None:
    fixed = [{"ip_address": "10.0.0.21", "subnet_id": "s"}]
    changes = plan(planned(PORT, name="os-w1", network_id="n1", fixed_ip=fixed))
    assert adoptions(changes, [port("os-w1", "n2", "10.0.0.21"), port("os-w1", "n1", "10.0.0.22")], ()) == ()
    (one,) = adoptions(changes, [port("os-w1", "n2", "10.0.0.21"), port("os-w1", "n1", "10.0.0.21")], ())
    assert one.id == "port-in-n1"


def test_a_port_that_may_have_any_address_has_the_one_that_it_got(plan: Maker) -> None:
    changes = plan(planned(PORT, name="os-w1", network_id="n1", fixed_ip=[{"subnet_id": "s"}]))
    assert adoptions(changes, [port("os-w1", "n1", "10.0.0.99")], ())


def test_a_server_group_is_ours_when_all_its_machines_are(plan: Maker) -> None:
    group = Thing(SPREAD, "g1", {"name": "gpu-workers"}, ("i1",))
    changes = plan(planned(SPREAD, name="gpu-workers"))
    assert adoptions(changes, [group], ()) == ()
    assert [one.id for one in adoptions(changes, [group], ("i1",))] == ["g1"]


def test_a_load_balancer_comes_first_and_its_parts_once_it_is_known(plan: Maker) -> None:
    there = [
        Thing(BALANCER, "b1", {"name": "gpu-api"}),
        Thing(LISTENER, "l1", {"loadbalancer_id": "b1", "name": "gpu-api"}),
        Thing(MEMBER, "p1/m1", {"pool_id": "p1", "address": "10.0.0.11", "protocol_port": 6443}),
    ]
    balancer, listener = planned(BALANCER, name="gpu-api"), planned(LISTENER, name="gpu-api")
    assert [one.id for one in adoptions(plan(balancer, listener), there, ())] == ["b1"]
    listener = planned(LISTENER, name="gpu-api", loadbalancer_id="b1")
    member = planned(MEMBER, name="os-c1", pool_id="p1", address="10.0.0.11", protocol_port=6443)
    assert [one.id for one in adoptions(plan(listener, member), there, ("b1",))] == ["l1", "p1/m1"]
    assert [one.id for one in adoptions(plan(listener, member), there, ("b1", "m1"))] == ["l1"]


def test_what_nobody_can_look_for_is_told_by_its_name(plan: Maker) -> None:
    stack = planned("openstack_orchestration_stack_v1", name="s")
    changes = plan(stack, planned(SHARE, name="home"), planned(KEYPAIR, name="gpu"), planned("random_id"))
    assert not_looked_for(changes) == ("module.x.openstack_orchestration_stack_v1.this",)


def test_an_attachment_is_taken_over_by_both_its_ends(plan: Maker) -> None:
    ends = {"volume_id": "v1", "instance_id": "i1"}
    changes = plan(
        entry('module.nodes.openstack_compute_volume_attach_v2.data["os-w1/x"]', ["create"], None, ends)
    )
    assert [one.id for one in attachments(changes, {"v1": "i1"})] == ["i1/v1"]
    assert attachments(changes, {"v1": "i2"}) == ()


def test_ids_of_the_state_are_found_in_modules_too() -> None:
    child = {"resources": [{"mode": "managed", "values": {"id": "2"}}]}
    root = {"resources": [{"mode": "data", "values": {"id": "9"}}], "child_modules": [child]}
    assert known_ids({"prior_state": {"values": {"root_module": root}}}) == {"2"}


def test_a_rule_is_known_by_its_group_and_all_that_it_lets_through(plan: Maker) -> None:
    ssh: dict[str, Any] = {
        "security_group_id": "g",
        "direction": "ingress",
        "ethertype": "IPv4",
        "protocol": "tcp",
    }
    ssh |= {"port_range_min": 22, "port_range_max": 22, "remote_ip_prefix": "198.51.100.0/24"}
    changes = plan(entry('x.openstack_networking_secgroup_rule_v2.nodes["ssh"]', ["create"], None, ssh))
    other = Thing(RULE, "r2", {**ssh, "port_range_min": 23, "port_range_max": 23})
    assert [one.id for one in adoptions(changes, [other, Thing(RULE, "r1", ssh)], ())] == ["r1"]


def test_a_rule_of_a_group_that_is_not_known_yet_waits_for_the_next_round(plan: Maker) -> None:
    rule = {"direction": "ingress", "ethertype": "IPv4"}
    changes = plan(entry("x.openstack_networking_secgroup_rule_v2.among", ["create"], None, rule))
    assert adoptions(changes, [Thing(RULE, "r1", rule)], ()) == ()
