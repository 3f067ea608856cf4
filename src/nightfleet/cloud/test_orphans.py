"""Claims about what a killed apply left behind."""

from collections.abc import Callable
from typing import Any

from nightfleet.cloud.conftest import entry
from nightfleet.cloud.harm import INSTANCE, VOLUME
from nightfleet.cloud.orphans import RULE, Thing, adoptions, attachments, known_ids

Maker = Callable[..., Any]


def test_what_is_there_under_the_name_that_the_plan_would_make_is_taken_over(
    plan: Maker, instance: Maker, volume: Maker
) -> None:
    changes = plan(instance("os-w1", "create"), volume("os-w1/x", "create"), instance("os-w2", "no-op"))
    there = [
        Thing(INSTANCE, "os-w1", "i1"),
        Thing(VOLUME, "nf-os-w1/x", "v1"),
        Thing(INSTANCE, "os-w2", "i2"),
    ]
    there[1] = Thing(VOLUME, changes[1].name, "v1")
    assert [(one.id, one.address) for one in adoptions(changes, there, ())] == [
        ("v1", 'module.nodes.openstack_blockstorage_volume_v3.data["os-w1/x"]'),
        ("i1", 'module.nodes.openstack_compute_instance_v2.node["os-w1"]'),
    ]


def test_what_the_state_knows_already_is_somebody_elses_namesake(plan: Maker, instance: Maker) -> None:
    there = [Thing(INSTANCE, "os-w1", "i1")]
    assert adoptions(plan(instance("os-w1", "create")), there, ["i1"]) == ()


def test_two_of_one_name_are_left_alone(plan: Maker, instance: Maker) -> None:
    there = [Thing(INSTANCE, "os-w1", "i1"), Thing(INSTANCE, "os-w1", "i2")]
    assert adoptions(plan(instance("os-w1", "create")), there, ()) == ()


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
    other = Thing(RULE, "", "r2", {**ssh, "port_range_min": 23, "port_range_max": 23})
    assert [one.id for one in adoptions(changes, [other, Thing(RULE, "", "r1", ssh)], ())] == ["r1"]


def test_a_rule_of_a_group_that_is_not_known_yet_waits_for_the_next_round(plan: Maker) -> None:
    rule = {"direction": "ingress", "ethertype": "IPv4"}
    changes = plan(entry("x.openstack_networking_secgroup_rule_v2.among", ["create"], None, rule))
    assert adoptions(changes, [Thing(RULE, "", "r1", rule)], ()) == ()
