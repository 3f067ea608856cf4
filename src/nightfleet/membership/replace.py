"""Another machine under the name of a lost node: what has to be done, or why not. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from nightfleet.cluster.etcd import why_not_remove
from nightfleet.membership.hostkeys import HostKey
from nightfleet.membership.watched import Watched
from nightfleet.site import Node


class Step(StrEnum):
    """What is done, in this order; the word stands in the ledger."""

    KEY = "accept the host key"
    ETCD = "remove from etcd"
    DELETE = "delete from the cluster"
    JOIN = "converge"
    READY = "wait until Ready"


@dataclass(frozen=True, slots=True)
class ReplacePlan:
    """Steps, or reasons to refuse."""

    node: str
    steps: tuple[Step, ...]
    refusals: tuple[str, ...] = ()
    key: HostKey | None = None


def plan(
    node: Node,
    seen: Watched,
    known: Sequence[HostKey],
    shown: Sequence[HostKey],
    confirmed: str,
    begun: bool = False,
) -> ReplacePlan:
    """Decide. `confirmed` is the fingerprint that a person read on the new machine's console; `begun` tells
    that a replacement of this node was cut off, so that what is known already is the new machine."""
    name = node.name
    view = seen.nodes.get(name)
    if not shown:
        return ReplacePlan(
            name, (), (f"nobody answers at {node.address}; is the new machine on, and sshd running?",)
        )
    same = [key for key in shown if key in known]
    if view and view.ready == "True":
        if same and confirmed in ("", *(key.fingerprint for key in same)):
            return ReplacePlan(name, ())
        reason = f"{name} is Ready: nothing is lost. To take it out: nightfleet node leave {name}"
        return ReplacePlan(name, (), (reason,))
    refusals, key = _key(name, same, shown, confirmed, begun)
    member = any(one.name == name for one in seen.members)
    if member and (why := why_not_remove(seen.members, name)):
        refusals.append(f"{why}; bring the others back first: nightfleet doctor")
    if (member or (view and view.control_plane)) and seen.faults:
        refusals.append(f"nobody can tell whether etcd would keep its quorum: {'; '.join(seen.faults)}")
    steps = [
        *([Step.KEY] if key and key not in known else []),
        *([Step.ETCD] if member and not begun else []),
        *([Step.DELETE] if view and not begun else []),
        Step.JOIN,
        Step.READY,
    ]
    return ReplacePlan(name, tuple(steps), tuple(refusals), key)


def _key(
    name: str, same: Sequence[HostKey], shown: Sequence[HostKey], confirmed: str, begun: bool
) -> tuple[list[str], HostKey | None]:
    chosen = next((key for key in shown if key.fingerprint == confirmed), None)
    if chosen or (same and begun):
        return [], chosen or same[0]
    prints = ", ".join(key.fingerprint for key in shown)
    if confirmed:
        why = f"the machine at the address of {name} shows {prints}, not {confirmed}: who answers there?"
    elif same:
        why = f"{name} answers with the key it always had: no other machine; nightfleet converge {name}"
    else:
        look = "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub"
        why = (
            f"another machine answers for {name}, with {prints}; compare that on its console ({look}), then"
            " give --host-key with the one you read there"
        )
    return [why], None
