"""What a cluster and its hosts are before an upgrade, as values; reading their answers is pure.

A value that nobody could tell is empty: it is neither good news nor bad, and guards say what is missing.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from nightfleet.cluster.api import Object
from nightfleet.cluster.drain import Pod
from nightfleet.cluster.etcd import Member
from nightfleet.cluster.nodes import NodeView

MANIFESTS = "/etc/kubernetes/manifests"
STATIC = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
FOLDERS = ("/", "/var/lib/containerd", "/var/lib/kubelet", "/var/lib/etcd")
ASK = (
    'for n in kubelet kubeadm containerd; do echo "$n=$(readlink /usr/local/bin/$n)"; done;'
    ' echo "runc=$(readlink /usr/local/sbin/runc)";'
    f" for m in {' '.join(STATIC)}; do"
    f' sed -n "s/^ *image: .*$m:v/$m=/p" {MANIFESTS}/$m.yaml 2>/dev/null; done;'
    f" for d in {' '.join(FOLDERS)}; do"
    " [ ! -d $d ] || echo \"free=$d $(stat -fc '%a %S' $d)\"; done"
)
LINK = re.compile(r"/opt/nightfleet/[\w-]+/(?P<version>[\w.]+)-[0-9a-f]{8}(/|$)")
DEPRECATED = re.compile(r"^apiserver_requested_deprecated_apis\{(?P<labels>[^}]*)\} (?P<value>\S+)")
LABEL = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Host:
    """What a host says about itself: versions by component, free bytes by directory."""

    name: str
    versions: Mapping[str, str] = field(default_factory=dict)
    free: Mapping[str, int] = field(default_factory=dict)
    unreachable: str = ""  # why it said nothing


@dataclass(frozen=True, slots=True)
class Budget:
    """A PodDisruptionBudget, and how many of its pods may go now."""

    name: str
    allowed: int


@dataclass(frozen=True, slots=True)
class Deprecated:
    """An API that somebody has asked for since the API server started, and the release without it."""

    name: str  # flowschemas.v1beta3.flowcontrol.apiserver.k8s.io
    removed: str  # 1.36


@dataclass(frozen=True, slots=True)
class Observed:
    """Everything that is looked at before a plan is made."""

    moment: datetime
    api_version: str
    nodes: Mapping[str, NodeView]
    hosts: Mapping[str, Host]
    members: tuple[Member, ...] = ()
    etcd_silent: str = ""  # why etcd told nothing
    deprecated: tuple[Deprecated, ...] = ()
    metrics_silent: Mapping[str, str] = field(default_factory=dict)  # control plane: why they cannot be read
    budgets: tuple[Budget, ...] = ()
    bare: Mapping[str, tuple[Pod, ...]] = field(default_factory=dict)  # node: pods without a controller


def read_host(name: str, output: str) -> Host:
    """Read the answer to ASK. Lines that are something else are passed over."""
    versions, free = {}, {}
    for line in output.splitlines():
        key, _, value = line.partition("=")
        if key == "free" and len(words := value.split()) == 3:
            free[words[0]] = int(words[1]) * int(words[2])
        elif key in STATIC:
            versions[key] = value.strip()
        elif match := LINK.match(value):
            versions[key] = match["version"]
    return Host(name, versions, free)


def read_deprecated(metrics: Iterable[str]) -> tuple[Deprecated, ...]:
    """Read the lines of the API server's metrics that tell of deprecated APIs in use."""
    found = set()
    for line in metrics:
        match = DEPRECATED.match(line)
        labels = dict(LABEL.findall(match["labels"])) if match else {}
        if match and float(match["value"]) and labels.get("removed_release"):
            parts = (labels.get("resource", ""), labels.get("version", ""), labels.get("group", ""))
            found.add(Deprecated(".".join(part for part in parts if part), labels["removed_release"]))
    return tuple(sorted(found, key=lambda one: one.name))


def read_budget(item: Object) -> Budget:
    """Read a PodDisruptionBudget."""
    meta = item["metadata"]
    allowed = item.get("status", {}).get("disruptionsAllowed", 0)
    return Budget(f"{meta['namespace']}/{meta['name']}", allowed)
