"""Which steps it takes until a node has left its cluster and its machine is as it was; or why not. Pure.

Every step is decided from what is seen, so that whoever was killed half way goes on by the same command.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from nightfleet.cluster.drain import DrainPlan
from nightfleet.cluster.etcd import why_not_remove
from nightfleet.membership.watched import Watched
from nightfleet.site import Role, Site


class Step(StrEnum):
    """What is done, in this order; the word stands in the ledger."""

    REMEMBER = "remember"  # the record of the machine is at the operator's
    CORDON = "cordon"
    DRAIN = "drain"
    ETCD = "remove from etcd"
    DELETE = "delete from the cluster"
    HAND_BACK = "hand the machine back"
    PROVE = "prove"


WORDS = {
    Step.REMEMBER: "keep the record of what the machine was at the operator's",
    Step.CORDON: "keep new pods away",
    Step.DRAIN: "see its pods off, within their budgets",
    Step.ETCD: "take its etcd out of the cluster's",
    Step.DELETE: "delete the node from the cluster",
    Step.HAND_BACK: "take everything of ours off the machine (deploys/leave.py)",
    Step.PROVE: "take the fingerprint again and compare",
}


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine itself, over ssh. `reached` is False when it did not answer: then nothing else is known."""

    reached: bool
    why: str = ""  # it was not reached
    touched: bool = False  # something of ours is on it
    record: bool = False  # it has its record
    copy: bool = False  # the operator has one
    joined: bool = False  # it belongs to a cluster: kubelet's access or static pods are on it


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the operator asked for."""

    prove: bool = False
    force: bool = False  # also end pods that nobody would bring back
    gone: bool = False  # the machine is lost: only the cluster forgets it
    end: bool = False  # the last node: the cluster ends
    anyway: str = ""  # a reason to do it outside the window


@dataclass(frozen=True, slots=True)
class LeavePlan:
    """Steps, or reasons to refuse, each with its way out."""

    node: str
    steps: tuple[Step, ...]
    refusals: tuple[str, ...] = ()
    ends: bool = False  # the cluster ends with it

    @property
    def lines(self) -> list[str]:
        """The plan as people read it."""
        return [f"{number}. {WORDS[step]}" for number, step in enumerate(self.steps, start=1)]


def plan(
    site: Site,
    name: str,
    seen: Watched | None,
    drained: DrainPlan,
    machine: Machine,
    wishes: Wishes,
    others: Sequence[str] = (),
) -> LeavePlan:
    """Decide. `seen` is None when there is no cluster to ask (none was made from here, or it has ended).

    `others` are then the machines that may still belong to it.
    """
    view = seen.nodes.get(name) if seen else None
    member = seen is not None and any(one.name == name for one in seen.members)
    last = seen is not None and set(seen.nodes) <= {name} and wishes.end
    ends = last or (seen is None and wishes.end and not others)
    refusals = [
        *(_blind_refusals(site, name, machine, wishes, others) if seen is None else ()),
        *_cluster_refusals(site, name, seen, drained, wishes, last),
        *_machine_refusals(name, machine, wishes, in_cluster=bool(view) or member),
    ]
    steps = []
    if machine.record and not wishes.gone:
        steps.append(Step.REMEMBER)
    if view and not last:
        steps += [Step.CORDON] if not view.cordoned else []
        steps += [Step.DRAIN] if drained.evict and not wishes.gone else []
    if member and not last:
        steps.append(Step.ETCD)
    if view and not last:
        steps.append(Step.DELETE)
    if machine.touched and not wishes.gone:
        steps.append(Step.HAND_BACK)
    if wishes.prove:
        steps.append(Step.PROVE)
    return LeavePlan(name, tuple(steps), tuple(refusals), ends)


def _blind_refusals(
    site: Site, name: str, machine: Machine, wishes: Wishes, others: Sequence[str]
) -> list[str]:
    """Say why a node must not leave a cluster that nobody can ask: no pod, quorum or window was looked at."""
    back = (
        "bring its API server back, or this operator's kubeconfig:"
        f" nightfleet converge {site.first_control_plane.name} --site {site.site}"
    )
    if wishes.gone and not wishes.end:
        return [f"no cluster can be asked to forget {name}; {back}"]
    if not machine.joined or (wishes.end and not others):
        return []
    still = f", and {_some(others)} may belong to it as well" if wishes.end else ""
    return [f"{name} belongs to a cluster that cannot be asked{still}; {back}"]


def _cluster_refusals(
    site: Site, name: str, seen: Watched | None, drained: DrainPlan, wishes: Wishes, last: bool
) -> list[str]:
    if seen is None or (name not in seen.nodes and not any(one.name == name for one in seen.members)):
        return []
    others = sorted(set(seen.nodes) - {name})
    reasons = [] if last else _control_plane_refusals(site, name, seen, others)
    if site.node(name).has(Role.REGISTRY) and others:
        reasons.append(
            f"{name} is the registry, and {_some(others)} pull from it; give the role registry to another"
            " node in the site file and converge first"
        )
    if seen.window and not wishes.anyway and not wishes.gone:
        reasons.append(f"{seen.window}; wait, or give a reason with --outside-window")
    if drained.lost and not (wishes.force or wishes.gone or last):
        pods = _some([str(pod) for pod in drained.lost])
        reasons.append(
            f"nobody would bring {pods} back after the drain; end them by their owners' will, or --force"
        )
    return reasons


def _control_plane_refusals(site: Site, name: str, seen: Watched, others: Sequence[str]) -> list[str]:
    """Say why a control plane must stay: it is the last, the others would lose quorum, or all talk to it."""
    view = seen.nodes.get(name)
    member = any(one.name == name for one in seen.members)
    if not (member or (view and view.control_plane)):
        return []
    remaining = [one for one in others if seen.nodes[one].control_plane]
    if not remaining:
        way = f"; {_some(others)} would have none. Add another control plane first" if others else ""
        return [f"{name} is the last control plane{way or '; with --end the cluster ends with it'}"]
    if seen.faults:
        return [f"nobody can tell whether etcd would keep its quorum: {'; '.join(seen.faults)}"]
    reasons = []
    if why := why_not_remove(seen.members, name):
        reasons.append(f"{why}; bring the others back first: nightfleet doctor --site {site.site}")
    host = site.endpoint.rpartition(":")[0]
    if host == str(site.node(name).address):
        reasons.append(
            f"the API endpoint {site.endpoint} is on {name}, and every node talks to it; give the cluster an"
            " endpoint of its own (kubernetes.endpoint), then converge"
        )
    return reasons


def _machine_refusals(name: str, machine: Machine, wishes: Wishes, in_cluster: bool) -> list[str]:
    if wishes.gone and machine.reached and machine.touched:
        return [f"{name} answers, so it is not gone; without --gone it is handed back as it was"]
    if wishes.gone:
        return []
    if not machine.reached:
        way = (
            "with --gone the cluster forgets it, and nothing is done to it" if in_cluster else "bring it back"
        )
        return [f"{name} does not answer: {machine.why}; {way}"]
    if wishes.prove and not (machine.record or machine.copy):
        why = f"nobody wrote down what {name} was before it became a node, so nothing can be proven"
        return [f"{why}; leave without --prove"]
    return []


def _some(names: Sequence[str], most: int = 3) -> str:
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")
