"""Whether the nodes of a restored cluster come back: told by new heartbeats, not by what was stored."""

import json
import shlex
import time
from collections.abc import Collection

from nightfleet.cluster.ssh import Shell

KUBECTL = "kubectl --kubeconfig /etc/kubernetes/admin.conf --request-timeout 10s get --raw"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
PATIENCE = 300.0  # seconds; kubelet renews every 10, and retries for longer after an outage


def settle(
    shell: Shell, node: str, later: Collection[str] = (), seconds: float = PATIENCE
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Wait until every node has renewed its lease and is Ready; return (back, missing) when time is over.

    Nobody waits for nodes that join `later`.
    """
    end = time.monotonic() + seconds
    first: dict[str, str] = {}
    while True:
        ready, renewed = ask(shell, node)
        ready = {name: status for name, status in ready.items() if name not in later}
        for name in ready:
            first.setdefault(name, renewed.get(name, ""))
        back = tuple(name for name in ready if ready[name] == "True" and renewed.get(name, "") != first[name])
        missing = tuple(name for name in ready if name not in back)
        if (ready and not missing) or time.monotonic() > end:
            return back, missing
        time.sleep(1)


def ask(shell: Shell, node: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return the Ready status and the last heartbeat of every node; nothing while the API does not answer."""
    said = shell.run(node, f"{KUBECTL} /api/v1/nodes && echo && {KUBECTL} {shlex.quote(LEASES)}")
    if said.code != 0:
        return {}, {}
    nodes, leases = (json.loads(line) for line in said.out.splitlines() if line)
    ready = {
        item["metadata"]["name"]: next(
            (one["status"] for one in item["status"].get("conditions", []) if one["type"] == "Ready"),
            "Unknown",
        )
        for item in nodes["items"]
    }
    return ready, {item["metadata"]["name"]: item["spec"].get("renewTime", "") for item in leases["items"]}
