"""kubernetes, decided: files, artifacts, and what an unfinished init or join needs. Pure."""

import json
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from deploys.hostops.machine import Machine
from deploys.hostops.wanted import File, Install, Unit
from nightfleet.depot.model import Index
from nightfleet.site import Cni, Kind, Node, Role, Site

TEMPLATES = Path(__file__).parent / "templates"
PACKAGES = ("conntrack", "ethtool", "iptables", "nftables", "socat")
ETC = "/etc/kubernetes"
MEMBER = f"{ETC}/nightfleet/member"
ADMIN_CONF = f"{ETC}/admin.conf"
KUBECTL = f"kubectl --kubeconfig {ADMIN_CONF}"
INIT, JOIN = f"{ETC}/nightfleet/init.yaml", f"{ETC}/nightfleet/join.yaml"
DROP_IN = f"{ETC}/kubelet.d/90-nightfleet.conf"  # written before kubeadm runs: beside it, its files are ours
CERTIFICATE_KEY = re.compile("[0-9a-f]{64}")
RESOLV_CONF = "/etc/nightfleet/resolv.conf"
# What an interrupted init or join leaves; kubeadm continues over it when told to (phases are idempotent).
# Never `kubeadm reset`: it would throw away an etcd that may already hold the cluster.
LEFT_BY_INIT = (
    "DirAvailable--var-lib-etcd",
    "FileAvailable--etc-kubernetes-manifests-etcd.yaml",
    "FileAvailable--etc-kubernetes-manifests-kube-apiserver.yaml",
    "FileAvailable--etc-kubernetes-manifests-kube-controller-manager.yaml",
    "FileAvailable--etc-kubernetes-manifests-kube-scheduler.yaml",
    "Port-10250",
    "Port-10257",
    "Port-10259",
    "Port-2379",
    "Port-2380",
    "Port-6443",
)
LEFT_BY_JOIN = (
    "DirAvailable--etc-kubernetes-manifests",
    "FileAvailable--etc-kubernetes-bootstrap-kubelet.conf",
    "FileAvailable--etc-kubernetes-kubelet.conf",
    "FileAvailable--etc-kubernetes-pki-ca.crt",
    "Port-10250",
)
# A control plane leaves what both do. For etcd nothing is done: kubeadm finds its member and adds no other.
LEFT_BY_CONTROL_PLANE = (*LEFT_BY_INIT, *LEFT_BY_JOIN)
TRACES = {ADMIN_CONF, *(f"{ETC}/{name}" for name in ("kubelet.conf", "bootstrap-kubelet.conf", "pki/ca.crt"))}


class Membership(Enum):
    """How far a node has come."""

    NONE = "none"  # nothing of a cluster here
    HALF = "half"  # an init or join of ours was interrupted
    MEMBER = "member"
    FOREIGN = "foreign"  # of a cluster that somebody else made


@dataclass(frozen=True, slots=True)
class Wanted:
    """Everything that kubernetes puts on one host before it is a member."""

    packages: tuple[str, ...]
    installs: tuple[Install, ...]
    files: tuple[File, ...]
    units: tuple[Unit, ...]


@dataclass(frozen=True, slots=True)
class Ticket:
    """What lets a node join, for a quarter of an hour. Never logged, never in an argument list."""

    token: str = field(repr=False)
    ca_hash: str
    endpoint: str = ""  # host:port, as the cluster knows itself
    certificate_key: str = field(default="", repr=False)  # opens the cluster's keys: for control planes only


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """A node as the API server sees it."""

    name: str
    ready: bool
    labels: dict[str, str]


def refusals(membership: Membership) -> list[str]:
    """Say why this node cannot be prepared."""
    if membership is Membership.FOREIGN:
        what = f"{ETC} holds files of a cluster that nightfleet did not make"
        return [f"{what}; if nobody needs them, run `kubeadm reset` there, then converge again"]
    return []


def plan(machine: Machine, site: Site, node: Node, index: Index) -> Wanted:
    """Decide what `node` gets."""
    unit = File("/etc/systemd/system/kubelet.service", _text("kubelet.service"))
    kubeadm = File.from_template(
        "/etc/systemd/system/kubelet.service.d/10-kubeadm.conf",
        TEMPLATES / "10-kubeadm.conf.j2",
        address=node.address,
        name=node.name,
        config_dir=str(Path(DROP_IN).parent),
    )
    drop_in = File.from_template(
        DROP_IN,
        TEMPLATES / "kubelet-drop-in.yaml.j2",
        eviction=site.kubernetes.eviction.model_dump(by_alias=True),
        gc_high=site.kubernetes.image_gc_high,
        gc_low=site.kubernetes.image_gc_low,
        serialize=site.kubernetes.serialize_image_pulls,
        parallel=site.kubernetes.max_parallel_image_pulls,
        max_pods=node.machine.max_pods,
        reserved_cpu=node.machine.system_reserved_cpu,
        reserved_memory=node.machine.system_reserved_memory,
        fail_swap_on=node.machine.swap == "off",
        legacy_cgroup=not machine.cgroup_v2,
        resolv_conf=RESOLV_CONF if site.network.resolvers else "",
    )
    resolvers = "".join(f"nameserver {address}\n" for address in site.network.resolvers)
    resolv_conf = [File(RESOLV_CONF, resolvers)] if resolvers else []
    first = [init_config(machine, site, node, index)] if node.name == site.first_control_plane.name else []
    return Wanted(
        packages=PACKAGES,
        installs=(
            *(
                Install(index.artifact(name, node.kubernetes, machine.arch), {f"/usr/local/bin/{name}": name})
                for name in ("kubelet", "kubeadm", "kubectl")
            ),
            *([etcd_tools(machine, node, index)] if node.has(Role.CONTROL_PLANE) else []),
        ),
        files=(unit, kubeadm, drop_in, *resolv_conf, *first),
        units=(
            Unit(
                "kubelet.service",
                reads=(
                    unit.path,
                    kubeadm.path,
                    drop_in.path,
                    str(Path(DROP_IN).parent),
                    "/usr/local/bin/kubelet",
                ),
                start=False,
            ),
        ),
    )


def etcd_tools(machine: Machine, node: Node, index: Index) -> Install:
    """Return etcdctl and etcdutl, of the version of etcd's image."""
    version = image_tags(machine, node, index)["etcd"].partition("-")[0]
    stored = index.artifact("etcd", version, machine.arch)
    folder = f"etcd-v{version}-linux-{machine.arch}"
    return Install(stored, {f"/usr/local/bin/{name}": f"{folder}/{name}" for name in ("etcdctl", "etcdutl")})


def image_tags(machine: Machine, node: Node, index: Index) -> dict[str, str]:
    """Return the tags of a Kubernetes release's images, by the last part of their names."""
    images = index.images(node.kubernetes, machine.arch)
    parts = (image.reference.rpartition(":") for image in images)
    return {name.rpartition("/")[2]: tag for name, _, tag in parts}


def init_config(machine: Machine, site: Site, node: Node, index: Index) -> File:
    """Render kubeadm's configuration for the first control plane; image tags are the lock's."""
    tags = image_tags(machine, node, index)
    return File.from_template(
        INIT,
        TEMPLATES / "init.yaml.j2",
        mode=0o600,
        site=site,
        node=node,
        version=node.kubernetes,
        taints=taints(node),
        coredns=tags["coredns"],
        etcd=tags["etcd"],
        routed=site.network.cni is Cni.ROUTED,
        container=node.machine.kind is Kind.CONTAINER,
        legacy_cgroup=not machine.cgroup_v2,
    )


def join_config(site: Site, node: Node, ticket: Ticket) -> File:
    """Render kubeadm's configuration for a join. Holds a secret; removed once used."""
    return File.from_template(
        JOIN,
        TEMPLATES / "join.yaml.j2",
        mode=0o600,
        endpoint=site.endpoint,
        node=node,
        ticket=ticket,
        taints=taints(node),
    )


def taints(node: Node) -> list[dict[str, str]]:
    """Return what keeps pods away from a node at its registration: only workers are for everybody's pods."""
    if node.has(Role.WORKER):
        return []
    own = "node-role.kubernetes.io/control-plane" if node.has(Role.CONTROL_PLANE) else "nightfleet/service"
    return [{"key": own, "effect": "NoSchedule"}]


def preflight_ignored(machine: Machine, node: Node) -> list[str]:
    """Return kubeadm's checks that cannot pass on this machine and do not matter there."""
    ignored = []
    if not machine.cgroup_v2:
        ignored.append("SystemVerification")  # counts cgroup v1 as an error since 1.35
    if node.machine.swap == "keep":
        ignored.append("Swap")
    if node.machine.kind is Kind.CONTAINER:
        ignored += ["NumCPU", "Mem"]
    return ignored


def membership(output: Iterable[str]) -> Membership:
    """Tell from the paths that exist how far a node has come, and whose doing it is."""
    found = set(output)
    if {MEMBER, f"{ETC}/kubelet.conf"} <= found:
        return Membership.MEMBER
    if not found & TRACES:
        return Membership.NONE
    return Membership.HALF if DROP_IN in found else Membership.FOREIGN


def parse_ticket(output: Sequence[str]) -> Ticket:
    """Read `kubeadm token create --print-join-command`, and a certificate key if any; else ValueError."""
    words = " ".join(output).split()
    if "--token" not in words or "--discovery-token-ca-cert-hash" not in words:
        raise ValueError("kubeadm printed no join command")
    keys = [word for word in words if CERTIFICATE_KEY.fullmatch(word)]
    return Ticket(
        words[words.index("--token") + 1],
        words[words.index("--discovery-token-ca-cert-hash") + 1],
        words[words.index("join") + 1],
        keys[0] if keys else "",
    )


def why_not_this_cluster(site: Site, ticket: Ticket | None) -> list[str]:
    """Say why no further control plane can join a cluster that knows itself by another address."""
    if ticket is None or ticket.endpoint == site.endpoint:
        return []
    what = f"the cluster was begun at {ticket.endpoint}, and the site file says {site.endpoint}"
    why = "every certificate and kubeconfig names the former"
    keep = f"Keep it with `kubernetes: {{endpoint: '{ticket.endpoint}'}}`"
    return [f"{what}; {why}. {keep}, or begin the cluster anew (docs/guide/high-availability.md)"]


def parse_nodes(output: Sequence[str]) -> dict[str, NodeStatus]:
    """Read `kubectl get nodes -o json`."""
    nodes = {}
    for item in json.loads("\n".join(output))["items"]:
        name = item["metadata"]["name"]
        ready = any(
            c["type"] == "Ready" and c["status"] == "True" for c in item["status"].get("conditions", [])
        )
        nodes[name] = NodeStatus(name, ready, item["metadata"].get("labels", {}))
    return nodes


def wanted_labels(node: Node) -> dict[str, str]:
    """Return the labels that a node should carry."""
    roles = {"node-role.kubernetes.io/worker": ""} if node.has(Role.WORKER) else {}
    return {**roles, "nightfleet/class": node.class_name, **node.labels}


def unregistered(
    fleet: Sequence[Node], here: Collection[str], found: dict[str, NodeStatus]
) -> dict[str, NodeStatus]:
    """Return the nodes of this run that the API server does not know yet.

    On a busy machine kubeadm ends its join a moment before kubelet has registered the node.
    """
    return {
        node.name: NodeStatus(node.name, ready=False, labels={})
        for node in fleet
        if node.name in here and node.name not in found
    }


def label_steps(fleet: Sequence[Node], found: dict[str, NodeStatus]) -> list[tuple[str, list[str]]]:
    """Return (node, key=value ...) for every node that lacks a label or has another value."""
    steps = []
    for node in fleet:
        if (status := found.get(node.name)) is None:
            continue
        wrong = [
            f"{key}={value}" for key, value in wanted_labels(node).items() if status.labels.get(key) != value
        ]
        if wrong:
            steps.append((node.name, wrong))
    return steps


def _text(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")
