"""What tests of the guard share: plans as `terraform show -json` writes them, resource by resource."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from nightfleet.cloud import kinds
from nightfleet.cloud.planfile import Change, read_plan

Entry = dict[str, Any]
SITE = """\
site: small
cloud:
  directory: terraform
classes:
  box: {kind: vm}
connection: {user: debian, key: key}
network: {pods: 10.1.0.0/16, services: 10.2.0.0/16, cni: routed}
"""
COUNT = re.compile(r"\[(\d+)\]$")
INSTANCE = {"name": "os-w1", "image_id": "debian-12.7", "flavor_id": "2", "flavor_name": "large"}


def entry(address: str, actions: list[str], before: Entry | None, after: Entry | None, **more: Any) -> Entry:
    """Return one entry of `resource_changes`, in Terraform's own form."""
    key = address.partition('["')[2].rpartition('"]')[0]
    replaced = more.pop("replace_paths", None)
    change: Entry = {"actions": actions, "before": before, "after": after, "after_unknown": {}}
    if replaced:
        change["replace_paths"] = replaced
    number = COUNT.search(address)
    found = {"address": address, "mode": "managed", "type": address.split(".")[-2], "name": "x", **more}
    index = {"index": key} if key else {"index": int(number.group(1))} if number else {}
    return {**found, **index, "change": change}


@pytest.fixture
def plan() -> Callable[..., tuple[Change, ...]]:
    """Return a plan of these entries; `servers` are what the state holds before it."""

    def made(*entries: Entry, servers: tuple[Entry, ...] = ()) -> tuple[Change, ...]:
        resources = [{"mode": "managed", "type": kinds.INSTANCE, "values": values} for values in servers]
        prior = {"values": {"root_module": {"child_modules": [{"resources": resources}]}}}
        return read_plan({"format_version": "1.2", "resource_changes": list(entries), "prior_state": prior})

    return made


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
