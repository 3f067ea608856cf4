"""A look at the cluster that runs on a lab: its nodes, their filesystems, and the proof that it works."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nightfleet.errors import NightfleetError
from nightfleet.lab import ssh
from nightfleet.lab.layout import Layout
from nightfleet.site import Role, Site

PATIENCE = 60  # seconds; kubelet needs some to measure its filesystems after the start
ASK = """export KUBECONFIG=/etc/kubernetes/admin.conf
kubectl get nodes -o json | tr -d '\\n'; echo
kubectl -n nightfleet-smoke get configmap proof -o json --ignore-not-found | tr -d '\\n'; echo
for n in {names}; do
  until s=$(kubectl get --raw /api/v1/nodes/$n/proxy/stats/summary 2>/dev/null) &&
    echo "$s" | grep -q capacityBytes || [ $(date +%s) -ge $end ]; do sleep 1; done
  echo "$s" | tr -d '\\n'; echo
done"""


@dataclass(frozen=True, slots=True)
class NodeView:
    """One node of the cluster. Sizes in bytes; None is unknown."""

    name: str
    roles: tuple[str, ...]
    address: str
    version: str
    ready: str  # True, False, Unknown, or absent
    imagefs: int | None = None
    nodefs: int | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """What one worker's pod has shown."""

    worker: str
    pod: str
    address: str
    pulled: str  # kubelet's own words
    service: str
    peers: str
    mirrored: bool = False  # the registry's log has this worker asking for the image


@dataclass(frozen=True, slots=True)
class ClusterView:
    """The cluster now, and the last proof kept in it."""

    nodes: tuple[NodeView, ...]
    proofs: tuple[Proof, ...]
    proven_at: str

    @property
    def healthy(self) -> bool:
        """Whether every node is Ready and a proof is kept."""
        return all(node.ready == "True" for node in self.nodes) and bool(self.proofs)


def look(site: Site) -> ClusterView:
    """Ask the first control plane that answers, in one session. NightfleetError when none does."""
    names = [node.name for node in site.fleet]
    command = f"end=$(($(date +%s) + {PATIENCE}))\n" + ASK.replace("{names}", " ".join(names))
    servers = [node.name for node in site.having(Role.CONTROL_PLANE)]
    for server in servers:
        fault, answer = ssh.ask(Layout(site.site), server, command, 2 * PATIENCE)
        lines = answer.splitlines()
        if not fault and len(lines) >= 2 + len(names):
            break
    else:
        hint = f"nightfleet doctor --site {site.site}"
        where = ", ".join(servers)
        raise NightfleetError(f"the cluster does not answer: {answer[-200:] or fault}", where, hint)
    stats = {name: _json(line) for name, line in zip(names, lines[2:], strict=False)}
    proof = _json(lines[1])
    return view(site, _json(lines[0]), proof, stats, _pullers(site, proof))


def _pullers(site: Site, proof: Mapping[str, Any]) -> frozenset[str]:
    """Return the addresses that asked the registry node for the proof's image, by its own access log."""
    servers = site.having(Role.REGISTRY)
    image = re.search(r'"[^"/]+/([^":]+)', proof.get("data", {}).get("proof", ""))
    if not servers or not image:
        return frozenset()
    log = (
        f"journalctl -o cat -u 'nightfleet-registry@*' | grep -E '(GET|HEAD) /v2/[^ ]*{image[1]}/manifests/'"
    )
    _, answer = ssh.ask(Layout(site.site), servers[0].name, f"{log} | cut -d' ' -f1 | sort -u", PATIENCE)
    return frozenset(answer.split())


def view(
    site: Site,
    nodes: Mapping[str, Any],
    proof: Mapping[str, Any],
    stats: Mapping[str, Mapping[str, Any]],
    pullers: frozenset[str] = frozenset(),
) -> ClusterView:
    """Put the API's answers side by side with the site. Pure."""
    found = {item["metadata"]["name"]: item for item in nodes.get("items", [])}
    rows = []
    for node in site.fleet:
        roles = tuple(sorted(role.value for role in node.roles))
        item = found.get(node.name)
        if item is None:
            rows.append(NodeView(node.name, roles, str(node.address), "", "absent"))
            continue
        conditions = {c["type"]: c["status"] for c in item["status"].get("conditions", [])}
        summary = stats.get(node.name, {}).get("node", {})
        rows.append(
            NodeView(
                node.name,
                roles,
                str(node.address),
                item["status"]["nodeInfo"]["kubeletVersion"],
                conditions.get("Ready", "Unknown"),
                summary.get("runtime", {}).get("imageFs", {}).get("capacityBytes"),
                summary.get("fs", {}).get("capacityBytes"),
            )
        )
    data = proof.get("data", {})
    addresses = {node.name: str(node.address) for node in site.fleet}
    proofs = []
    for line in data.get("proof", "").splitlines():
        worker, pod, address, pulled, service, peers = line.split("|")
        mirrored = addresses.get(worker) in pullers
        proofs.append(Proof(worker, pod, address, pulled, service, peers, mirrored))
    return ClusterView(tuple(rows), tuple(proofs), data.get("at", ""))


def _json(line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
