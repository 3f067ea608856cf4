"""What tests of the guard share: plans as `terraform show -json` writes them, resource by resource."""

from collections.abc import Callable
from typing import Any

import pytest

from nightfleet.cloud.planfile import Change, read_plan

Entry = dict[str, Any]
INSTANCE = {"name": "os-w1", "image_id": "debian-12.7", "flavor_id": "2", "flavor_name": "large"}


def entry(address: str, actions: list[str], before: Entry | None, after: Entry | None, **more: Any) -> Entry:
    """Return one entry of `resource_changes`, in Terraform's own form."""
    key = address.partition('["')[2].rpartition('"]')[0]
    replaced = more.pop("replace_paths", None)
    change: Entry = {"actions": actions, "before": before, "after": after, "after_unknown": {}}
    if replaced:
        change["replace_paths"] = replaced
    found = {"address": address, "mode": "managed", "type": address.split(".")[-2], "name": "x", **more}
    return {**found, **({"index": key} if key else {}), "change": change}


@pytest.fixture
def plan() -> Callable[..., tuple[Change, ...]]:
    """Return a plan of these entries."""
    return lambda *entries: read_plan({"format_version": "1.2", "resource_changes": list(entries)})


@pytest.fixture
def instance() -> Callable[..., Entry]:
    """Return a change of the instance of a node; keywords are what is different afterwards."""

    def change(name: str, *actions: str, why: Any = None, reason: str = "", **after: Any) -> Entry:
        had = {**INSTANCE, "name": name}
        more = {"replace_paths": why} if why else {}
        if reason:
            more["action_reason"] = reason
        return entry(
            f'module.nodes.openstack_compute_instance_v2.node["{name}"]',
            list(actions),
            None if actions == ("create",) else had,
            None if actions == ("delete",) else {**had, **after},
            **more,
        )

    return change


@pytest.fixture
def volume() -> Callable[..., Entry]:
    """Return a change of the data volume `key`, 10 GiB large."""

    def change(key: str, *actions: str, size: int = 10, **more: Any) -> Entry:
        before = {"name": f"nf-{key}", "size": 10, "volume_type": "ssd"}
        return entry(
            f'module.nodes.openstack_blockstorage_volume_v3.data["{key}"]',
            list(actions),
            None if actions == ("create",) else before,
            None if actions == ("delete",) else {**before, "size": size},
            **more,
        )

    return change
