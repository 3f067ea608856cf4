"""Claims about the three networks: apart from each other, and large enough."""

from collections.abc import Iterator
from itertools import combinations

from nightfleet.site.expand import POD_PREFIX, shares
from nightfleet.site.faults import Fault
from nightfleet.site.model import Site
from nightfleet.site.network import Cni

SERVICE_PREFIXES = range(12, 29)  # kube-apiserver refuses more than 20 bits; kubeadm needs the tenth address


def networks_are_apart(site: Site) -> Iterator[Fault]:
    networks = {
        "nodes": site.network.nodes,
        "pods": site.network.pods,
        "services": site.network.services,
    }
    for (one, first), (other, second) in combinations(networks.items(), 2):
        if first.overlaps(second):
            yield Fault(
                f"network.{other}, {second}, overlaps network.{one}, {first}",
                ("network", other),
                "nodes, pods and Services each need addresses of their own",
            )


def services_have_a_usable_size(site: Site) -> Iterator[Fault]:
    if site.network.services.prefixlen not in SERVICE_PREFIXES:
        yield Fault(
            f"Kubernetes cannot use {site.network.services} for Services",
            ("network", "services"),
            f"from /{SERVICE_PREFIXES[0]} (large) to /{SERVICE_PREFIXES[-1]} (small)",
        )


def pods_have_room_for_every_node(site: Site) -> Iterator[Fault]:
    if site.network.pods.prefixlen > POD_PREFIX:
        yield Fault(
            f"network.pods, {site.network.pods}, is smaller than one node's /{POD_PREFIX}",
            ("network", "pods"),
            "a /16 is enough for 256 nodes",
        )


def pods_fit_their_network(site: Site) -> Iterator[Fault]:
    most = 2 ** (32 - POD_PREFIX) - 3  # without the network, the bridge and the broadcast address
    if site.network.cni is Cni.ROUTED:
        for name, machine in site.classes.items():
            if machine.max_pods > most:
                yield Fault(
                    f"classes.{name}: {machine.max_pods} pods do not fit into a node's /{POD_PREFIX}",
                    ("classes", name, "max_pods"),
                    f"at most {most} with network.cni: routed",
                )


def fleet_fits_the_pod_network(site: Site) -> Iterator[Fault]:
    """With cilium any node gets the next free /24; with routed every range is checked by itself."""
    if site.network.cni is Cni.CILIUM and len(site.fleet) > shares(site.network) >= 1:
        yield Fault(
            f"network.pods, {site.network.pods}, is too small for {len(site.fleet)} nodes",
            ("network", "pods"),
            f"every node takes a /{POD_PREFIX}; these are {shares(site.network)}",
        )


NETWORKS = (
    networks_are_apart,
    services_have_a_usable_size,
    pods_have_room_for_every_node,
    pods_fit_their_network,
)
