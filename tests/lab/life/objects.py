"""Every object of an API server, without what changes by itself: to compare a cluster with what it was."""

from pathlib import Path
from typing import Any

from nightfleet.cluster.api import Api

Objects = dict[str, dict[str, Any]]
# What controllers and kubelets write all the time, and what has an end of its own.
CHURN = {
    "events",
    "leases",
    "componentstatuses",
    "endpoints",  # follow the readiness of pods
    "endpointslices",
    "podmetrics",
    "nodemetrics",
}
BOOKKEEPING = ("resourceVersion", "managedFields", "generation", "creationTimestamp")


def everything(kubeconfig: Path) -> Objects:
    """Return `resource/namespace/name` -> what somebody meant, for every resource that can be listed."""
    api = Api(kubeconfig)
    found: Objects = {}
    for path, resource in resources(api):
        for item in api.items(f"{path}/{resource}"):
            if not has_an_end(item):
                meta = item["metadata"]
                found[f"{path}/{resource}/{meta.get('namespace', '')}/{meta['name']}"] = meant(item)
    return found


def resources(api: Api) -> list[tuple[str, str]]:
    """Return (path of the group, resource) of all that can be listed."""
    groups = [group["preferredVersion"]["groupVersion"] for group in api.get("/apis")["groups"]]
    paths = ["/api/v1", *(f"/apis/{group}" for group in groups)]
    return [
        (path, one["name"])
        for path in paths
        for one in api.get(path)["resources"]
        if "list" in one["verbs"] and "/" not in one["name"] and one["name"] not in CHURN
    ]


def has_an_end(item: dict[str, Any]) -> bool:
    """Tell what goes by itself: tickets to join, and the certificates that are uploaded for them."""
    name = item["metadata"]["name"]
    return item.get("type") == "bootstrap.kubernetes.io/token" or name == "kubeadm-certs"


def meant(item: dict[str, Any]) -> dict[str, Any]:
    """Return an object without its status, and without what the API server keeps book of."""
    wish = {key: value for key, value in item.items() if key != "status"}
    wish["metadata"] = {key: value for key, value in item["metadata"].items() if key not in BOOKKEEPING}
    if item["metadata"]["name"] == "cluster-info":  # holds a signature for each ticket
        wish["data"] = {key: value for key, value in item["data"].items() if not key.startswith("jws-")}
    if "podCIDRs" in item.get("spec", {}) or "nodeInfo" in item.get("status", {}):
        # taints for a node that is not Ready come and go
        wish["spec"] = {key: value for key, value in item["spec"].items() if key != "taints"}
    return wish


def differences(before: Objects, after: Objects) -> dict[str, str]:
    """Return which objects are gone, new or different."""
    changed = {name: "is different" for name in before.keys() & after.keys() if before[name] != after[name]}
    gone = dict.fromkeys(before.keys() - after.keys(), "is gone")
    return {**changed, **gone, **dict.fromkeys(after.keys() - before.keys(), "is new")}
