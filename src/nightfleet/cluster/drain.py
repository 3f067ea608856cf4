"""Seeing pods off a node: which must go, which stay, which nobody would bring back; within their budgets.

The rules are kubectl's (https://kubernetes.io/docs/tasks/administer-cluster/safely-drain-node/). Eviction is
asked of the API server, which refuses (429) what a PodDisruptionBudget forbids; it is asked again until the
deadline, and then a person reads which budget held which pod.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from nightfleet.cluster.api import Api, Object, Refused
from nightfleet.cluster.leaders import wait_leaders

MIRROR = "kubernetes.io/config.mirror"  # a static pod's shadow; kubelet alone rules it
AGAIN = 2.0  # seconds between two tries at what a budget forbids
OnPod = Callable[[str, str], None]  # pod, what happened to it


@dataclass(frozen=True, slots=True)
class Pod:
    """What matters of a pod when its node is emptied."""

    namespace: str
    name: str
    uid: str
    owner: str  # kind of its controller; empty: nobody would make it anew
    mirror: bool
    over: bool  # Succeeded or Failed

    @property
    def path(self) -> str:
        return f"/api/v1/namespaces/{self.namespace}/pods/{self.name}"

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class DrainPlan:
    """Which pods go, which stay, and which hold the whole drain up because they would be lost."""

    evict: tuple[Pod, ...]
    stay: tuple[Pod, ...]
    lost: tuple[Pod, ...]


@dataclass(frozen=True, slots=True)
class Drained:
    """How a drain ended. `held` tells of pods that are still there, and why."""

    evicted: tuple[str, ...]
    held: dict[str, str]
    seconds: float

    @property
    def done(self) -> bool:
        return not self.held


def read_pod(item: Object) -> Pod:
    """Read a Pod object. Pure."""
    meta = item["metadata"]
    owners = [one["kind"] for one in meta.get("ownerReferences", []) if one.get("controller")]
    return Pod(
        namespace=meta["namespace"],
        name=meta["name"],
        uid=meta["uid"],
        owner=owners[0] if owners else "",
        mirror=MIRROR in meta.get("annotations", {}),
        over=item.get("status", {}).get("phase") in ("Succeeded", "Failed"),
    )


def plan_drain(pods: Iterable[Pod], force: bool = False) -> DrainPlan:
    """Decide about each pod of a node; `force` also evicts what nobody would bring back. Pure."""
    evict, stay, lost = [], [], []
    for pod in pods:
        if pod.mirror or pod.owner in ("DaemonSet", "Node"):
            stay.append(pod)
        elif pod.owner or pod.over or force:
            evict.append(pod)
        else:
            lost.append(pod)
    return DrainPlan(tuple(evict), tuple(stay), tuple(lost))


def pods_on(api: Api, node: str) -> list[Pod]:
    """Return the pods of a node."""
    return [read_pod(item) for item in api.items("/api/v1/pods", fieldSelector=f"spec.nodeName={node}")]


def drain(
    api: Api, node: str, seconds: float, force: bool = False, on_pod: OnPod = lambda _pod, _what: None
) -> Drained:
    """Evict what may go and wait until it is gone, for at most `seconds`; the node should be cordoned.

    Pods that nobody would bring back are not touched, nor is anything else then: they are `held`.
    """
    began = time.monotonic()
    plan = plan_drain(pods_on(api, node), force)
    if plan.lost:
        why = "no controller would bring it back"
        return Drained((), {str(pod): why for pod in plan.lost}, time.monotonic() - began)
    waiting = {pod.uid: pod for pod in plan.evict}
    if waiting:
        wait_leaders(api, node)  # who else would take them out of their Services
    asked: dict[str, str] = {}  # uid: empty once evicted, else why not yet
    while waiting:
        for pod in list(waiting.values()):
            if asked.get(pod.uid) != "":
                asked[pod.uid] = evict(api, pod)
                on_pod(str(pod), asked[pod.uid] or "evicted")
        there = {pod.uid for pod in pods_on(api, node)}
        waiting = {uid: pod for uid, pod in waiting.items() if uid in there}
        if waiting and time.monotonic() - began > seconds:
            break
        if waiting:
            time.sleep(AGAIN if any(asked[uid] for uid in waiting) else 0.5)
    held = {str(pod): asked[uid] or "was evicted and has not ended" for uid, pod in waiting.items()}
    gone = tuple(str(pod) for pod in plan.evict if pod.uid not in waiting)
    return Drained(gone, held, round(time.monotonic() - began, 1))


def evict(api: Api, pod: Pod) -> str:
    """Ask for one eviction; return why it is not allowed now, "" when the pod goes or is gone."""
    body = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": pod.name, "namespace": pod.namespace},
        "deleteOptions": {"preconditions": {"uid": pod.uid}},
    }
    try:
        api.post(f"{pod.path}/eviction", body)
    except Refused as no:
        if no.status in (404, 409):  # gone, or another pod has its name by now
            return ""
        if no.status == 429:
            return budget(no)
        raise
    return ""


def budget(no: Refused) -> str:
    """Say which budget forbids an eviction, in the API server's words."""
    causes = no.answer.get("details", {}).get("causes", [])
    words = [str(cause.get("message", "")) for cause in causes]
    return " ".join(word for word in words if word) or str(no)
