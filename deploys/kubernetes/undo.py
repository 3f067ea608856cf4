"""kubernetes, taken back, in two steps: the node leaves its cluster; later kubelet and its traces go.

The step between them takes the network away: pods must leave before it, and sandboxes need their plugins.
"""

from pathlib import Path

from deploys.hostops import take_back
from deploys.kubernetes.plan import TEMPLATES

MEMBER = (
    "/etc/kubernetes/*.conf",
    "/etc/kubernetes/manifests/*.yaml",
    "/etc/kubernetes/pki",
    "/var/lib/etcd/*",
)
OURS = (
    "/opt/nightfleet/kube*",
    "/opt/nightfleet/etcd",
    "/usr/local/bin/kube*",
    "/etc/systemd/system/kubelet.service",
    "/etc/systemd/system/kubelet.service.d/10-kubeadm.conf",
    "/etc/kubernetes/nightfleet",
    "/etc/kubernetes/kubelet.d",
    "/etc/nightfleet/resolv.conf",
)


def leave() -> None:
    """End every pod and wipe what kubeadm made. The cluster was told before: etcd's member is out by then."""
    take_back(name="Leave the cluster", traces=MEMBER, script=_text("leave.sh"))


def undo() -> None:
    """Take kubelet, its tools and the settings of kubelet and kube-proxy away."""
    take_back(name="Take back kubelet", traces=OURS, script=_text("undo.sh"))


def _text(name: str) -> str:
    return (Path(TEMPLATES) / name).read_text(encoding="utf-8")
