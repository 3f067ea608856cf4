"""Claims about roles and versions: the nodes make up a cluster that can live."""

from collections.abc import Iterator

from nightfleet.site.checks.ranges import counted
from nightfleet.site.faults import Fault
from nightfleet.site.model import Site
from nightfleet.site.nodes import Role

OLDEST_KUBELET = 3  # minors behind the API server: https://kubernetes.io/releases/version-skew-policy/


def control_planes_are_odd(site: Site) -> Iterator[Fault]:
    count = len(site.having(Role.CONTROL_PLANE))
    if count == 0:
        yield Fault(
            "no node has the role 'control_plane'",
            ("nodes",),
            "write 'roles: [control_plane]' at 1, 3 or 5 nodes",
        )
    elif count % 2 == 0:
        yield Fault(
            f"etcd needs an odd number of control planes, these are {count}",
            ("nodes", last_range(site, Role.CONTROL_PLANE), "roles"),
            f"{count} nodes survive no more failures than {count - 1}; take 1, 3 or 5",
        )


def registry_has_one_node(site: Site) -> Iterator[Fault]:
    count = len(site.having(Role.REGISTRY))
    if count == 0 and site.registry.projects:
        yield Fault(
            "registry.projects are given, but no node has the role 'registry'",
            ("registry", "projects"),
            "add 'registry' to the roles of one node",
        )
    elif count > 1:
        yield Fault(
            f"{counted(count, 'node')} have the role 'registry'",
            ("nodes", last_range(site, Role.REGISTRY), "roles"),
            "one node serves the images; give the role to it alone",
        )


def kubelets_fit_the_control_plane(site: Site) -> Iterator[Fault]:
    server = numbers(site.artifacts.kubernetes)
    for key, entry in site.nodes.items():
        kubelet = numbers(entry.kubernetes or site.artifacts.kubernetes)
        at = ("nodes", key, "kubernetes")
        if kubelet > server:
            yield Fault(
                f"nodes.{key}: kubelet {entry.kubernetes} is newer than the control plane, "
                f"{site.artifacts.kubernetes}",
                at,
                "raise artifacts.kubernetes first; kubelets follow",
            )
        elif kubelet[0] != server[0] or server[1] - kubelet[1] > OLDEST_KUBELET:
            yield Fault(
                f"nodes.{key}: kubelet {entry.kubernetes} is too old for the control plane, "
                f"{site.artifacts.kubernetes}",
                at,
                f"at most {OLDEST_KUBELET} minor versions behind",
            )


def last_range(site: Site, role: Role) -> str:
    """Return the key of the last range that has the role: the one that was probably added."""
    return [key for key, entry in site.nodes.items() if role in entry.roles][-1]


def numbers(version: str) -> tuple[int, ...]:
    """`1.36.3` -> (1, 36, 3)."""
    return tuple(int(part) for part in version.split("."))


CLUSTER = (control_planes_are_odd, registry_has_one_node, kubelets_fit_the_control_plane)
