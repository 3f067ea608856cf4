"""What `lab up` tells of a cluster, from answers recorded on a real one."""

from pathlib import Path
from typing import Any

import pytest

from nightfleet.lab.cluster import ClusterView, view
from nightfleet.site import Site, load_site

LAB = Path(__file__).parents[3] / "inventory" / "lab" / "site.yaml"
PULLED = 'Successfully pulled image "registry.k8s.io/e2e-test-images/agnhost:2.63.0" in 92ms'
PROOF = {
    "data": {
        "at": "2026-11-23T10:55:12Z",
        "proof": f"lab-w1|smoke-ghtn6|10.78.21.3|{PULLED}|smoke.nightfleet-smoke.svc.cluster.local|lab-w2\n"
        f"lab-w2|smoke-xqghg|10.78.22.3|{PULLED}|smoke.nightfleet-smoke.svc.cluster.local|lab-w1\n",
    }
}
STATS = {
    "node": {
        "fs": {"capacityBytes": 4261412864},
        "runtime": {"imageFs": {"capacityBytes": 8522825728}},
    }
}


@pytest.fixture
def site() -> Site:
    return load_site(LAB)


def node(name: str, ready: str = "True") -> dict[str, Any]:
    return {
        "metadata": {"name": name},
        "status": {
            "nodeInfo": {"kubeletVersion": "v1.36.3"},
            "conditions": [{"type": "Ready", "status": ready}],
        },
    }


def seen(site: Site, *nodes: dict[str, Any], proof: dict[str, Any] = PROOF) -> ClusterView:
    pullers = frozenset({"10.77.0.21", "10.77.0.22"})
    return view(site, {"items": list(nodes)}, proof, {n.name: STATS for n in site.fleet}, pullers)


def test_a_cluster_with_every_node_ready_and_a_proof_is_healthy(site: Site) -> None:
    found = seen(site, *(node(n.name) for n in site.fleet))
    assert found.healthy
    assert {(n.imagefs, n.nodefs) for n in found.nodes} == {(8522825728, 4261412864)}


def test_a_node_that_never_joined_is_absent_not_ready(site: Site) -> None:
    found = seen(site, node("lab-c1"), node("lab-w1"))
    assert [n.ready for n in found.nodes] == ["True", "True", "absent"]
    assert not found.healthy


def test_without_a_proof_a_cluster_is_not_called_healthy(site: Site) -> None:
    assert not seen(site, *(node(n.name) for n in site.fleet), proof={}).healthy


def test_a_pull_that_the_registry_did_not_see_is_told_apart(site: Site) -> None:
    everyone = {"items": [node(n.name) for n in site.fleet]}
    found = view(site, everyone, PROOF, {}, frozenset({"10.77.0.21"}))
    assert [proof.mirrored for proof in found.proofs] == [True, False]


def test_sizes_that_kubelet_did_not_tell_are_unknown(site: Site) -> None:
    found = view(site, {"items": [node("lab-c1")]}, PROOF, {})
    assert found.nodes[0].imagefs is None
