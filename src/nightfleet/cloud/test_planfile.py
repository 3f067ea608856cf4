"""Claims about reading plans."""

from typing import Any

import pytest

from nightfleet.cloud.conftest import entry
from nightfleet.cloud.kinds import INSTANCE
from nightfleet.cloud.planfile import (
    Action,
    Machine,
    action_of,
    key_of,
    path_text,
    read_change,
    read_machines,
    read_plan,
)
from nightfleet.errors import NightfleetError


def test_a_plan_of_another_major_version_is_not_guessed_at() -> None:
    with pytest.raises(NightfleetError, match=r"format_version is '2\.0'"):
        read_plan({"format_version": "2.0", "resource_changes": []})


def test_half_a_plan_is_not_judged() -> None:
    with pytest.raises(NightfleetError, match="ended in an error"):
        read_plan({"format_version": "1.2", "errored": True, "resource_changes": []})


def test_a_plan_with_nothing_in_it_is_empty() -> None:
    assert read_plan({"format_version": "1.2"}) == ()


def test_data_sources_are_passed_over() -> None:
    read = entry("data.openstack_images_image_v2.node", ["read"], None, {})
    read["mode"] = "data"
    assert read_plan({"format_version": "1.2", "resource_changes": [read]}) == ()


@pytest.mark.parametrize(
    ("actions", "action"),
    [
        (["no-op"], Action.NOTHING),
        (["create"], Action.CREATE),
        (["update"], Action.UPDATE),
        (["delete", "create"], Action.REPLACE),
        (["create", "delete"], Action.REPLACE),
        (["delete"], Action.DELETE),
        (["forget"], Action.FORGET),
    ],
)
def test_both_orders_of_a_replacement_are_one(actions: list[str], action: Action) -> None:
    assert action_of(actions) is action


def test_a_path_reads_as_it_is_written_in_the_recipe() -> None:
    assert path_text(["block_device", 0, "uuid"]) == "block_device[0].uuid"


def test_the_key_of_a_module_stands_for_a_resource_that_has_none() -> None:
    found: dict[str, Any] = {"module_address": 'module.nodes["os-w1"]'}
    assert key_of(found) == "os-w1"


def test_what_the_provider_fills_in_afterwards_is_no_change() -> None:
    one = entry(
        'x.openstack_compute_instance_v2.node["a"]', ["update"], {"name": "a", "updated": "1"}, {"name": "b"}
    )
    one["change"]["after_unknown"] = {"updated": True, "image_id": True}
    assert read_change(one).changed == ("image_id", "name")


def test_the_number_of_a_count_is_no_key() -> None:
    assert key_of({"index": 0}) == ""
    assert key_of({"index": 0, "module_address": 'module.nodes["os-w1"]'}) == "os-w1"


def test_a_server_of_the_state_is_known_by_its_addresses_and_ports() -> None:
    networks = [{"port": "p1", "fixed_ip_v4": "10.0.0.21"}, {"port": "", "fixed_ip_v4": ""}]
    values = {"id": "i1", "name": "os-w1", "access_ip_v4": "10.0.0.21", "network": networks}
    resource = {"mode": "managed", "type": INSTANCE, "values": values}
    prior = {"values": {"root_module": {"child_modules": [{"resources": [resource]}]}}}
    assert list(read_machines({"prior_state": prior})) == [
        Machine("i1", "os-w1", frozenset({"10.0.0.21"}), frozenset({"p1"}))
    ]
    assert list(read_machines({})) == []
