"""Asking the cluster who works on which machine, for the guard. Changes nothing."""

from collections import defaultdict

from nightfleet.cloud.occupied import NO_CLUSTER, Occupied
from nightfleet.cluster import etcd
from nightfleet.cluster.api import Api
from nightfleet.cluster.drain import plan_drain, read_pod
from nightfleet.cluster.ssh import Shell
from nightfleet.errors import NightfleetError
from nightfleet.home import state_dir
from nightfleet.quorum import Member
from nightfleet.site import Role, Site
from nightfleet.site.made import STAND_IN, outputs_path

PATIENCE = 10.0  # seconds for an API server to answer before it counts as silent


def look(site: Site) -> Occupied:
    """Return what the cluster of a site says; without a kubeconfig there is none yet."""
    if not (state_dir(site.site) / "kubeconfig").exists():
        return NO_CLUSTER
    if site.cloud and [node.name for node in site.fleet] == [STAND_IN]:
        raise NightfleetError(
            "there is a cluster, and the record of its machines is gone",
            str(outputs_path(site.cloud.outputs, site.path)),
            "nightfleet cloud output writes it anew",
        )
    planes = [node.name for node in site.having(Role.CONTROL_PLANE)]
    pods, why_pods = _pods(site)
    members, why_members = _members(site, planes)
    return Occupied(pods, members, frozenset(planes), why_pods or why_members)


def _pods(site: Site) -> tuple[dict[str, tuple[str, ...]] | None, str]:
    try:
        items = Api.of(site, PATIENCE).items("/api/v1/pods")
    except NightfleetError as error:
        return None, error.what
    found = defaultdict(list)
    for item in items:
        if (name := item.get("spec", {}).get("nodeName")) and not read_pod(item).over:
            found[name].append(read_pod(item))
    moving = {name: plan_drain(pods) for name, pods in found.items()}
    return {name: tuple(map(str, (*plan.evict, *plan.lost))) for name, plan in moving.items()}, ""


def _members(site: Site, planes: list[str]) -> tuple[tuple[Member, ...] | None, str]:
    try:
        with Shell(site) as shell:
            return etcd.members(shell, planes), ""
    except NightfleetError as error:
        return None, error.what
