"""Asking a cluster and its hosts for everything that an upgrade's plan depends on. Changes nothing."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime

from nightfleet.cluster import etcd
from nightfleet.cluster.api import Api
from nightfleet.cluster.drain import Pod, plan_drain, read_pod
from nightfleet.cluster.nodes import nodes
from nightfleet.cluster.ssh import Said, Shell
from nightfleet.errors import NightfleetError
from nightfleet.site import Role, Site
from nightfleet.upgrade.observed import (
    ASK,
    Host,
    Observed,
    read_budget,
    read_deprecated,
    read_host,
)

METRICS = (  # a pipe would end as grep does, and no line is an answer too; RBAC answers last after a start
    "tries=15; until said=$(kubectl --kubeconfig /etc/kubernetes/admin.conf --request-timeout 10s"
    " --server https://{address}:6443 get --raw /metrics 2>&1);"
    ' do tries=$((tries - 1)); [ $tries -gt 0 ] || {{ echo "$said" >&2; exit 1; }}; sleep 2; done;'
    " printf '%s\\n' \"$said\" | grep ^apiserver_requested_deprecated_apis; true"
)


def observe(site: Site, api: Api, shell: Shell) -> Observed:
    """Ask the API server, etcd and every host. NightfleetError when there is no cluster to speak of."""
    version = str(api.get("/version")["gitVersion"]).removeprefix("v")
    planes = [node.name for node in site.having(Role.CONTROL_PLANE)]
    members, silent = _members(shell, planes)
    metrics = _metrics(site, shell)
    return Observed(
        moment=datetime.now(UTC),
        api_version=version,
        nodes=nodes(api),
        hosts=_hosts(site, shell),
        members=members,
        etcd_silent=silent,
        deprecated=read_deprecated(line for one in metrics.values() for line in one.out.splitlines()),
        metrics_silent={name: one.why for name, one in metrics.items() if one.code},
        budgets=tuple(map(read_budget, api.items("/apis/policy/v1/poddisruptionbudgets"))),
        bare=_bare(api),
    )


def _hosts(site: Site, shell: Shell) -> dict[str, Host]:
    said = shell.each([node.name for node in site.fleet], ASK)
    return {
        name: read_host(name, one.out) if one.code == 0 else Host(name, unreachable=one.why)
        for name, one in said.items()
    }


def _members(shell: Shell, planes: Sequence[str]) -> tuple[tuple[etcd.Member, ...], str]:
    try:
        return etcd.members(shell, planes), ""
    except NightfleetError as error:
        return (), error.what


def _metrics(site: Site, shell: Shell) -> dict[str, Said]:
    """Ask every API server: each counts its own requests."""
    planes = site.having(Role.CONTROL_PLANE)
    address = {node.name: str(node.address) for node in planes}
    return shell.map(address, lambda name: shell.run(name, METRICS.format(address=address[name])))


def _bare(api: Api) -> dict[str, tuple[Pod, ...]]:
    """Return the pods by node that nobody would bring back."""
    found = defaultdict(list)
    for item in api.items("/api/v1/pods"):
        if name := item.get("spec", {}).get("nodeName"):
            found[name].append(read_pod(item))
    lost = {name: plan_drain(pods).lost for name, pods in found.items()}
    return {name: pods for name, pods in lost.items() if pods}
