"""The guard before an apply, on plans of 1,000 and 10,000 resources, against only parsing their JSON."""

import json
from typing import Any

from bench.measure import best
from bench.report import Line, Result
from nightfleet.cloud.guard import judge
from nightfleet.cloud.occupied import Occupied
from nightfleet.cloud.planfile import read_plan


def plan_of(resources: int) -> dict[str, Any]:
    """Return a plan in which every second machine gets a new image."""
    kinds = ("networking_port_v2.node", "compute_instance_v2.node", "blockstorage_volume_v3.data")
    changes = []
    for number in range(resources):
        kind, name = kinds[number % len(kinds)], f"os-w{number // len(kinds):04}"
        before = {"name": name, "image_id": "a", "size": 10, "metadata": {"role": "worker"}, "tags": ["x"]}
        harmed = kind.startswith("compute") and number % 2
        after = {**before, "image_id": "b"} if harmed else before
        change = {"actions": ["update" if harmed else "no-op"], "before": before, "after": after}
        address = f'module.nodes.openstack_{kind}["{name}"]'
        entry = {"address": address, "mode": "managed", "type": f"openstack_{kind.partition('.')[0]}"}
        changes.append({**entry, "index": name, "change": {**change, "after_unknown": {}}})
    return {"format_version": "1.2", "resource_changes": changes}


def run() -> Result:
    """Judge plans, against only parsing the same JSON."""
    lines = []
    for resources in (1000, 10000):
        text = json.dumps(plan_of(resources))
        pods = {f"os-w{number:04}": ("ml/train-0",) for number in range(resources)}
        parsing = best(lambda text=text: json.loads(text))
        document = json.loads(text)
        judging = best(lambda document=document, pods=pods: judge(read_plan(document), Occupied(pods=pods)))
        what = f"guard on a plan of {resources:,} resources"
        against = f"{parsing * 1000:.1f} ms to parse its JSON"
        lines.append(Line(what, f"{judging * 1000:.1f} ms", against, f"{judging / parsing:.1f}"))
    return Result("guard", "The guard before an apply", tuple(lines))
