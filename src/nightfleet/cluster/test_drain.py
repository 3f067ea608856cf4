"""Claims about draining: who goes, who stays, and whom nobody would bring back."""

from typing import Any

from nightfleet.cluster.api import Refused
from nightfleet.cluster.drain import budget, plan_drain, read_pod

BUDGET = "The disruption budget web needs 1 healthy pods and has 1 currently"


def pod(name: str, owner: str = "", *, mirror: bool = False, phase: str = "Running") -> dict[str, Any]:
    annotations = {"kubernetes.io/config.mirror": "abc"} if mirror else {}
    owners = [{"kind": owner, "name": "x", "controller": True}] if owner else []
    return {
        "metadata": {
            "namespace": "lab",
            "name": name,
            "uid": name,
            "annotations": annotations,
            "ownerReferences": owners,
        },
        "status": {"phase": phase},
    }


def names(*items: dict[str, Any], force: bool = False) -> tuple[list[str], list[str], list[str]]:
    plan = plan_drain(map(read_pod, items), force)
    evict, stay, lost = ([one.name for one in part] for part in (plan.evict, plan.stay, plan.lost))
    return evict, stay, lost


def test_what_a_controller_brings_back_is_evicted() -> None:
    assert names(pod("web", "ReplicaSet"), pod("train", "Job")) == (["web", "train"], [], [])


def test_static_pods_and_daemons_stay() -> None:
    assert names(pod("etcd", "Node", mirror=True), pod("kube-proxy", "DaemonSet")) == (
        [],
        ["etcd", "kube-proxy"],
        [],
    )


def test_a_pod_that_nobody_would_bring_back_holds_the_drain_up_unless_forced() -> None:
    assert names(pod("notebook")) == ([], [], ["notebook"])
    assert names(pod("notebook"), force=True) == (["notebook"], [], [])


def test_a_pod_that_is_over_may_go() -> None:
    assert names(pod("done", phase="Succeeded")) == (["done"], [], [])


def test_an_owner_that_is_no_controller_does_not_count() -> None:
    item = pod("adopted")
    item["metadata"]["ownerReferences"] = [{"kind": "ConfigMap", "name": "x"}]
    assert names(item) == ([], [], ["adopted"])


def test_the_budget_that_forbids_is_named() -> None:
    said = {"message": "Cannot evict pod", "details": {"causes": [{"message": BUDGET}]}}
    assert budget(Refused(429, said)) == BUDGET
    assert budget(Refused(429, {"message": "too many requests"})) == "too many requests"
