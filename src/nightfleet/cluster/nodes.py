"""Nodes as the API server has them; cordon and uncordon, which remember whose doing it was."""

import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from nightfleet.cluster.api import Api, Object
from nightfleet.errors import NightfleetError

CORDONED_BY = "nightfleet/cordoned-by"  # annotation: the operation that will lift it again
CONTROL_PLANE = "node-role.kubernetes.io/control-plane"


@dataclass(frozen=True, slots=True)
class NodeView:
    """One node of the cluster. `ready` is the condition's status: True, False or Unknown."""

    name: str
    address: str
    ready: str
    version: str  # of kubelet, without the v
    runtime: str  # containerd://2.3.4
    kernel: str
    boot_id: str
    control_plane: bool
    cordoned: bool
    cordoned_by: str


def read_node(item: Object) -> NodeView:
    """Read a Node object. Pure."""
    meta, status = item["metadata"], item.get("status", {})
    info: dict[str, Any] = status.get("nodeInfo", {})
    addresses = {one["type"]: one["address"] for one in status.get("addresses", [])}
    conditions = {one["type"]: one["status"] for one in status.get("conditions", [])}
    return NodeView(
        name=meta["name"],
        address=addresses.get("InternalIP", ""),
        ready=conditions.get("Ready", "Unknown"),
        version=info.get("kubeletVersion", "").removeprefix("v"),
        runtime=info.get("containerRuntimeVersion", ""),
        kernel=info.get("kernelVersion", ""),
        boot_id=info.get("bootID", ""),
        control_plane=CONTROL_PLANE in meta.get("labels", {}),
        cordoned=bool(item.get("spec", {}).get("unschedulable")),
        cordoned_by=meta.get("annotations", {}).get(CORDONED_BY, ""),
    )


def nodes(api: Api) -> dict[str, NodeView]:
    """Return every node of the cluster by name."""
    return {item["metadata"]["name"]: read_node(item) for item in api.items("/api/v1/nodes")}


def node(api: Api, name: str) -> NodeView | None:
    """Return one node, None when the cluster has none of that name."""
    found = api.find(f"/api/v1/nodes/{name}")
    return read_node(found) if found else None


def cordon(api: Api, name: str, by: str) -> bool:
    """Keep new pods away; return whether it was open before. Somebody else's cordon stays theirs."""
    view = node(api, name)
    if view is None:
        raise NightfleetError("the cluster has no node of this name", name)
    if view.cordoned:
        return False
    change = {"metadata": {"annotations": {CORDONED_BY: by}}, "spec": {"unschedulable": True}}
    api.patch(f"/api/v1/nodes/{name}", change)
    return True


def uncordon(api: Api, name: str, by: str) -> bool:
    """Let pods in again, if it was `by` that kept them away; return whether that was so."""
    view = node(api, name)
    if view is None or not view.cordoned or view.cordoned_by != by:
        return False
    change = {"metadata": {"annotations": {CORDONED_BY: None}}, "spec": {"unschedulable": None}}
    api.patch(f"/api/v1/nodes/{name}", change)
    return True


def delete(api: Api, name: str) -> None:
    """Take a node out of the cluster; its pods go with it."""
    api.delete(f"/api/v1/nodes/{name}")


def wait_ready(api: Api, name: str, version: str = "", seconds: float = 180) -> NodeView:
    """Wait until a node is Ready (with this kubelet). NightfleetError says how it was last seen."""
    end = time.monotonic() + seconds
    while True:
        view = node(api, name)
        if view and view.ready == "True" and version in ("", view.version):
            return view
        if time.monotonic() > end:
            seen = (
                f"Ready is {view.ready}, kubelet {view.version}" if view else "the cluster does not know it"
            )
            raise NightfleetError(
                f"not Ready within {seconds:.0f} s: {seen}",
                name,
                f"on {name}: journalctl -u kubelet -u containerd",
            )
        time.sleep(1)


def not_ready(views: Iterable[NodeView], but: Collection[str] = ()) -> list[str]:
    """Return the names of nodes that are not Ready. Pure."""
    return [view.name for view in views if view.ready != "True" and view.name not in but]
