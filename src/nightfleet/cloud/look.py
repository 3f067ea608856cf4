"""Asking the cluster who works on which machine, for the guard. Changes nothing."""

from collections import defaultdict
from collections.abc import Iterable

from nightfleet.cloud.knock import who_answers
from nightfleet.cloud.occupied import NO_CLUSTER, Occupied
from nightfleet.cluster import etcd
from nightfleet.cluster.api import Api, Object, Refused
from nightfleet.cluster.drain import plan_drain, read_pod
from nightfleet.cluster.ssh import Shell
from nightfleet.errors import NightfleetError
from nightfleet.home import state_dir
from nightfleet.quorum import Member
from nightfleet.site import Role, Site
from nightfleet.site.made import STAND_IN, outputs_path

PATIENCE = 10.0  # seconds for an API server to answer before it counts as silent


def look(site: Site) -> Occupied:
    """Return what the cluster of a site says. Without a kubeconfig here, and an API there, is none yet."""
    made = [node.name for node in site.fleet] != [STAND_IN]
    planes = site.having(Role.CONTROL_PLANE)
    names = [node.name for node in planes]
    kubeconfig = state_dir(site.site) / "kubeconfig"
    if not kubeconfig.exists():
        if made and (address := who_answers(doors(site))):
            why = f"an API server answers at {address}, and there is no kubeconfig for it here ({kubeconfig})"
            return Occupied(None, None, frozenset(names), why)
        return NO_CLUSTER
    if site.cloud and not made:
        raise NightfleetError(
            "there is a cluster, and the record of its machines is gone",
            str(outputs_path(site.cloud.outputs, site.path)),
            "nightfleet cloud output writes it anew",
        )
    pods, nodes, why_pods = _pods(site)
    members, why_members = _members(site, names)
    calls = {nodes[str(node.address)] for node in planes if str(node.address) in nodes}
    return Occupied(pods, members, frozenset(names) | calls, why_pods or why_members, nodes=nodes)


def doors(site: Site) -> tuple[str, ...]:
    """Return every host:port where the API of a site would be reached. Pure."""
    port = site.endpoint.rpartition(":")[2]
    public = site.handover.public_address if site.handover else None
    planes = (f"{node.address}:6443" for node in site.having(Role.CONTROL_PLANE))
    return tuple(dict.fromkeys((site.endpoint, *([f"{public}:{port}"] if public else []), *planes)))


Pods = dict[str, tuple[str, ...]]


def _pods(site: Site) -> tuple[Pods | None, dict[str, str], str]:
    try:
        api = Api.of(site, PATIENCE)
        return working(api.items("/api/v1/pods")), addresses(api.items("/api/v1/nodes")), ""
    except NightfleetError as error:
        return None, {}, error.what
    except Refused as no:  # a certificate that has come to its end
        return None, {}, f"the API server says no: {no}"


def working(items: Iterable[Object]) -> Pods:
    """Return the pods that a drain would move, by node. Pure."""
    found = defaultdict(list)
    for item in items:
        if (name := item.get("spec", {}).get("nodeName")) and not read_pod(item).over:
            found[name].append(read_pod(item))
    moving = {name: plan_drain(pods) for name, pods in found.items()}
    return {name: tuple(map(str, (*plan.evict, *plan.lost))) for name, plan in moving.items()}


def addresses(items: Iterable[Object]) -> dict[str, str]:
    """Return the name of the node that has each address. Pure."""
    return {
        one["address"]: item["metadata"]["name"]
        for item in items
        for one in item.get("status", {}).get("addresses", ())
        if one["type"] == "InternalIP"
    }


def _members(site: Site, planes: list[str]) -> tuple[tuple[Member, ...] | None, str]:
    try:
        with Shell(site) as shell:
            return etcd.members(shell, planes), ""
    except NightfleetError as error:
        return None, error.what
