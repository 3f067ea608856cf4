"""Claims about nodes and their share of the pod network."""

from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightfleet.site.classes import Kind, NodeClass
from nightfleet.site.expand import expand, pod_cidr
from nightfleet.site.network import Cni, Network
from nightfleet.site.nodes import NodeRange, Role

NETWORK = Network(
    nodes=IPv4Network("10.0.0.0/24"),
    pods=IPv4Network("10.1.0.0/16"),
    services=IPv4Network("10.2.0.0/16"),
    cni=Cni.ROUTED,
)
CLASSES = {"box": NodeClass(kind=Kind.SERVER)}


def ranged(hosts: list[int]) -> dict[str, NodeRange]:
    """Return one range of workers n0, n1, ... at these host numbers."""
    addresses = ",".join(map(str, hosts))
    members = NodeRange(address=f"10.0.0.[{addresses}]", roles=(Role.WORKER,), class_="box")
    return {f"n[0-{len(hosts) - 1}]": members}


def test_the_host_number_is_the_number_of_the_nodes_pod_network() -> None:
    assert pod_cidr(NETWORK, IPv4Address("10.0.0.21")) == IPv4Network("10.1.21.0/24")


@pytest.mark.parametrize("pods", ["10.1.0.0/20", "10.1.0.0/28"])
def test_a_pod_network_that_is_too_small_is_told_with_the_node(pods: str) -> None:
    small = NETWORK.model_copy(update={"pods": IPv4Network(pods)})
    with pytest.raises(ValueError, match=rf"{pods} has no /24 number 21 for the node at 10\.0\.0\.21"):
        pod_cidr(small, IPv4Address("10.0.0.21"))


def test_a_node_takes_versions_and_labels_from_its_range() -> None:
    members = NodeRange(
        address="10.0.0.5", roles=(Role.WORKER,), class_="box", kubernetes="1.35.4", labels={"rack": "a"}
    )
    (node,) = expand({"n": members}, CLASSES, NETWORK.model_copy(update={"cni": Cni.CILIUM}), "1.36.3")
    assert (node.kubernetes, node.labels, node.pod_cidr) == ("1.35.4", {"rack": "a"}, None)
    assert node.has(Role.WORKER) and not node.has(Role.REGISTRY)


@given(st.lists(st.integers(1, 254), min_size=2, max_size=30, unique=True))
def test_adding_a_node_to_a_range_never_moves_another_nodes_pods(hosts: list[int]) -> None:
    before = expand(ranged(hosts[:-1]), CLASSES, NETWORK, "1.36.3")
    after = expand(ranged(hosts), CLASSES, NETWORK, "1.36.3")
    assert after[:-1] == before
    assert len({node.pod_cidr for node in after}) == len(hosts)
