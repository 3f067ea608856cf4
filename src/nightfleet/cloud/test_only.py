"""Claims about plans for single nodes."""

from collections.abc import Callable
from typing import Any

import pytest

from nightfleet.cloud.only import targets
from nightfleet.errors import NightfleetError

Maker = Callable[..., Any]


def test_a_node_has_its_machine_and_its_disks(plan: Maker, instance: Maker, volume: Maker) -> None:
    changes = plan(
        instance("os-w1", "update", image_id="new"),
        volume("os-w1/imagefs", "create"),
        instance("os-w2", "update", image_id="new"),
        instance("os-w10", "update", image_id="new"),
    )
    assert targets(changes, ["os-w1"]) == (
        'module.nodes.openstack_compute_instance_v2.node["os-w1"]',
        'module.nodes.openstack_blockstorage_volume_v3.data["os-w1/imagefs"]',
    )


def test_a_misspelt_node_is_not_taken_for_nothing_to_do(plan: Maker, instance: Maker) -> None:
    with pytest.raises(NightfleetError, match="it would to: os-w2"):
        targets(plan(instance("os-w2", "create"), instance("os-w1", "no-op")), ["os-w1"])
