"""Where a member stands between two versions: what it runs, and what may be done about it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from re import compile as pattern

from deploys.kubernetes.plan import ETC, Membership, membership
from nightfleet.site import Node, Role, Site

KUBELET = "/usr/local/bin/kubelet"
MANIFEST = f"{ETC}/manifests/kube-apiserver.yaml"
UPGRADED = f"{ETC}/nightfleet/upgraded"  # holds the version that kubeadm last finished an upgrade to
SERVER = pattern(r"kube-apiserver:v(?P<version>[\w.]+)$")
LINK = pattern(r"/opt/nightfleet/kubelet/(?P<version>[\w.]+)-[0-9a-f]{8}/")
# Checks of `kubeadm upgrade` that ask for what the smoke proof shows better at the end: CreateJob runs a pod
# for a minute at most, which a busy machine may not manage.
UPGRADE_IGNORED = ("CreateJob",)


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a node has come; the kubelet that is linked into its path, the API server it runs; or ""."""

    membership: Membership
    kubelet: str
    server: str = ""


def standing(output: Sequence[str]) -> Standing:
    """Read the paths that exist, the target of kubelet's link and the image of the API server."""
    links, servers = ([found.search(line) for line in output] for found in (LINK, SERVER))
    return Standing(
        membership(output),
        next((link["version"] for link in links if link), ""),
        next((server["version"] for server in servers if server), ""),
    )


def converge_refusals(site: Site, node: Node, found: Standing) -> list[str]:
    """Say why a converge does not touch a member: another version needs a drain, and an order of nodes."""
    if found.membership is not Membership.MEMBER or found.kubelet in ("", node.kubernetes):
        return []
    what = f"{node.name} runs kubelet {found.kubelet}, the site file says {node.kubernetes}"
    way = f"nightfleet upgrade run --to {site.artifacts.kubernetes}"
    return [f"{what}; a converge changes no version of a running member: {way}"]


def upgrade_refusals(node: Node, found: Standing) -> list[str]:
    """Say why this node cannot be upgraded."""
    if found.membership is Membership.MEMBER:
        return []
    return [f"{node.name} is no member of the cluster; nightfleet converge joins it"]


def upgrade_words(site: Site, node: Node, found: Standing) -> tuple[str, ...]:
    """Return the arguments of kubeadm that renew what kubeadm made here; none when it is done or not due.

    The link of kubelet is switched after kubeadm has finished, so it tells. A kubelet that stays behind its
    control plane gets no settings of a version that it does not know.
    """
    if found.kubelet == node.kubernetes and found.server in ("", node.kubernetes):
        return ()
    if node.name == site.first_control_plane.name:
        return ("apply", f"v{node.kubernetes}", "--yes")
    if node.kubernetes != site.artifacts.kubernetes and not node.has(Role.CONTROL_PLANE):
        return ()
    return ("node",)
