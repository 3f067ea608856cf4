"""The versions that the site file asks for, against those that run. Pure."""

from dataclasses import dataclass

from nightfleet.site import Node, Role, Site
from nightfleet.upgrade.observed import STATIC, Observed


@dataclass(frozen=True, slots=True)
class Change:
    """One component of one node, as it runs and as it should."""

    component: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.component} {self.before or 'unknown'} -> {self.after}"


def changes(site: Site, node: Node, observed: Observed) -> tuple[Change, ...]:
    """Return what has to change on a member.

    Of Kubernetes the oldest part counts: after an interruption kubelet's link, its process and the static
    pods may differ, and the node is done when all agree.
    """
    view, host = observed.nodes.get(node.name), observed.hosts[node.name]
    running = view.version if view else ""
    runtime = view.runtime.partition("://")[2].removeprefix("v") if view else ""
    static = [host.versions.get(name, "") for name in STATIC] if node.has(Role.CONTROL_PLANE) else []
    wanted = (
        ("kubernetes", node.kubernetes, [running, host.versions.get("kubelet", ""), *static]),
        ("containerd", site.artifacts.containerd, [runtime, host.versions.get("containerd", "")]),
        ("runc", site.artifacts.runc, [host.versions.get("runc", "")]),
    )
    return tuple(
        Change(component, differing[0], after)
        for component, after, found in wanted
        if (differing := [version for version in found if version and version != after])
    )
