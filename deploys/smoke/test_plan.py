"""What smoke puts into a cluster, and when a proof has to be made anew."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import kubernetes_validate
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from deploys.smoke.facts import Proof, Proven
from deploys.smoke.plan import NAMESPACE, Wanted, plan
from nightfleet.depot.model import Index
from nightfleet.site import Site

Edited = Callable[..., Site]
# as the lab's first control plane said it
SAID = "proof=55944671c11e403f\nlab-c1=True\nlab-w1=True\nlab-w2=Unknown\n"
WANTED = Wanted(manifest="m", workers=("w1", "w2", "w3"), service="s", image="i", timeout=1)


def objects(site: Site, index: Index) -> dict[str, dict[str, Any]]:
    """Return the manifest's objects by kind."""
    return {each["kind"]: each for each in yaml.safe_load_all(plan(site, index, "amd64").manifest)}


@pytest.mark.parametrize("version", ["1.36", "1.35"])
def test_the_manifest_is_what_the_api_server_expects(version: str, lab: Site, index: Index) -> None:
    found = objects(lab, index)
    assert set(found) == {"Namespace", "DaemonSet", "Service"}
    for each in found.values():
        kubernetes_validate.validate(each, version, strict=True)


def test_there_is_one_pod_per_worker_and_none_elsewhere(lab: Site, index: Index) -> None:
    pod = objects(lab, index)["DaemonSet"]["spec"]["template"]["spec"]
    assert pod["nodeSelector"] == {"node-role.kubernetes.io/worker": ""}
    assert "tolerations" not in pod
    assert plan(lab, index, "amd64").workers == ("lab-w1", "lab-w2")


def test_each_proof_asks_the_mirror_for_the_image_of_the_lock(
    lab: Site, index: Index, edited: Edited
) -> None:
    (container,) = objects(lab, index)["DaemonSet"]["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "registry.k8s.io/e2e-test-images/agnhost:2.63.0"
    assert container["imagePullPolicy"] == "Always"
    own = edited("lab", ("lab:   ", "smoke: {image: example.org/agnhost:1}\nlab:   "))
    (container,) = objects(own, index)["DaemonSet"]["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "example.org/agnhost:1"


def test_its_pods_have_no_rights_and_a_limit(lab: Site, index: Index) -> None:
    pod = objects(lab, index)["DaemonSet"]["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    (container,) = pod["containers"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert "memory" in container["resources"]["limits"]


def test_the_service_leads_to_the_pods_by_its_name(lab: Site, index: Index) -> None:
    found = objects(lab, index)
    labels = found["DaemonSet"]["spec"]["template"]["metadata"]["labels"]
    assert found["Service"]["spec"]["selector"] == labels
    (container,) = found["DaemonSet"]["spec"]["template"]["spec"]["containers"]
    target = found["Service"]["spec"]["ports"][0]["targetPort"]
    assert target == container["ports"][0]["containerPort"]
    assert plan(lab, index, "amd64").service == f"smoke.{NAMESPACE}.svc.cluster.local"


# When a proof counts


def test_the_last_proof_and_the_ready_nodes_are_read_from_one_answer() -> None:
    assert Proof().parse(SAID.splitlines()) == Proven("55944671c11e403f", ("lab-c1", "lab-w1"))
    assert Proof().parse(["proof="]) == Proven()


def test_a_worker_more_or_less_asks_for_a_new_proof_and_other_nodes_do_not() -> None:
    proven = WANTED.fingerprint(["w1", "w2"])
    assert WANTED.fingerprint(["w2", "w1", "c1", "stranger"]) == proven
    assert WANTED.fingerprint(["w1"]) != proven
    assert WANTED.fingerprint(["w1", "w2", "w3"]) != proven


def test_another_image_or_manifest_asks_for_a_new_proof(lab: Site, index: Index, edited: Edited) -> None:
    ready = ["lab-w1", "lab-w2"]
    proven = plan(lab, index, "amd64").fingerprint(ready)
    own = edited("lab", ("lab:   ", "smoke: {image: example.org/agnhost:1}\nlab:   "))
    assert plan(own, index, "amd64").fingerprint(ready) != proven
    assert replace(WANTED, manifest="n").fingerprint(ready) != WANTED.fingerprint(ready)
    patient = edited("lab", ("lab:   ", "smoke: {timeout: 600}\nlab:   "))
    assert plan(patient, index, "amd64").fingerprint(ready) == proven


@given(st.permutations(["w1", "w2", "w3", "c1"]), st.integers(0, 4))
def test_the_order_of_nodes_does_not_matter(nodes: list[str], number: int) -> None:
    ready = nodes[:number]
    assert WANTED.fingerprint(ready) == WANTED.fingerprint(sorted(ready))
