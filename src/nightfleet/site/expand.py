"""From ranges to nodes: names and addresses side by side, and each node's share of the pod network."""

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network

from nightfleet.site.classes import NodeClass
from nightfleet.site.network import Cni, Network
from nightfleet.site.nodes import Node, NodeRange
from nightfleet.site.ranges import addresses_of, names_of

POD_PREFIX = 24  # addresses per node: a /24, as kube-controller-manager's default


def expand(
    ranges: Mapping[str, NodeRange], classes: Mapping[str, NodeClass], network: Network, kubernetes: str
) -> tuple[Node, ...]:
    """Return every node in the order of the file; the n-th name of a range has its n-th address."""
    return tuple(
        Node(
            name=name,
            address=address,
            roles=frozenset(members.roles),
            class_name=members.class_,
            machine=classes[members.class_],
            kubernetes=members.kubernetes or kubernetes,
            pod_cidr=pod_cidr(network, address) if network.cni is Cni.ROUTED else None,
            labels=members.labels,
        )
        for names, members in ranges.items()
        for name, address in zip(names_of(names), addresses_of(members.address), strict=True)
    )


def pod_cidr(network: Network, address: IPv4Address) -> IPv4Network:
    """Give the node at `address` its own /24 of the pod network, chosen by its host number.

    A pure function of the address, so that adding or removing a node never moves another one's pods.
    ValueError when the pod network has no such /24.
    """
    number = int(address) - int(network.nodes.network_address)
    if not 0 <= number < shares(network):
        raise ValueError(f"{network.pods} has no /{POD_PREFIX} number {number} for the node at {address}")
    return IPv4Network((int(network.pods.network_address) + (number << (32 - POD_PREFIX)), POD_PREFIX))


def shares(network: Network) -> int:
    """Return how many nodes the pod network is enough for."""
    return int(2.0 ** (POD_PREFIX - network.pods.prefixlen))
