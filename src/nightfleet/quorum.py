"""etcd's members, and which step keeps a majority of them. Pure; every side that asks etcd reads it here.

A cluster of N members needs N // 2 + 1 of them to agree (https://etcd.io/docs/v3.6/faq/). A new member counts
at once, a removed one no longer; so nobody joins, stops or leaves unless the rest is enough.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

PKI = "/etc/kubernetes/pki/etcd"
ETCDCTL = (  # five seconds, its default, are too few on a busy machine: a slow member is not a sick one
    f"etcdctl --command-timeout=15s --endpoints=https://127.0.0.1:2379 --cacert={PKI}/ca.crt"
    f" --cert={PKI}/healthcheck-client.crt --key={PKI}/healthcheck-client.key"
)
ASK = (
    f"{ETCDCTL} member list -w json 2>/dev/null;"
    f" {ETCDCTL} endpoint health --cluster -w json 2>/dev/null; true"
)


@dataclass(frozen=True, slots=True)
class Member:
    """One member. `name` is its node's, and empty while it has not started; `peer` is https://ADDRESS:2380."""

    id: str  # hexadecimal, as etcdctl takes it
    name: str
    client_url: str
    healthy: bool
    learner: bool = False
    peer: str = ""

    def is_of(self, name: str, address: str) -> bool:
        """Tell whether it is the member of this node."""
        return self.name == name or self.peer == f"https://{address}:2380"


def read_members(output: Iterable[str]) -> tuple[Member, ...]:
    """Read the lines that answer ASK; no members when etcd does not answer.

    etcdctl says one line of members and one of health, and lines of its own log when something is amiss.
    """
    lines = [read for line in output if (read := _json(line)) is not None]
    members: list[dict[str, Any]] = next(
        (line["members"] for line in lines if isinstance(line, dict) and "members" in line), []
    )
    answers = [one for line in lines if isinstance(line, list) for one in line]
    health = {one["endpoint"]: bool(one.get("health")) for one in answers}
    return tuple(
        Member(
            id=f"{one['ID']:x}",
            name=one.get("name", ""),
            client_url=(one.get("clientURLs") or [""])[0],
            healthy=health.get((one.get("clientURLs") or [""])[0], False),
            learner=bool(one.get("isLearner")),
            peer=(one.get("peerURLs") or [""])[0],
        )
        for one in members
    )


def _json(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None


def quorum(voters: int) -> int:
    """Return how many of `voters` must agree."""
    return voters // 2 + 1


def why_not_stop(found: Iterable[Member], name: str) -> str:
    """Say why the member on `name` must not stop for a while; "" when the others carry on. Pure."""
    voters = [member for member in found if not member.learner]
    left = [member for member in voters if member.healthy and member.name != name]
    if len(voters) == 1 and voters[0].name == name:
        return ""  # nothing to lose: the cluster has one control plane, and it is known to pause
    if len(left) >= quorum(len(voters)):
        return ""
    sick = sorted(member.name or member.id for member in voters if not member.healthy and member.name != name)
    told = f"; {', '.join(sick)} {'is' if len(sick) == 1 else 'are'} not healthy" if sick else ""
    need = quorum(len(voters))
    return f"etcd has {len(voters)} members and needs {need}; without {name} it has {len(left)}{told}"


def why_not_remove(found: Iterable[Member], name: str) -> str:
    """Say why the member on `name` must not be removed for good; "" when the rest is a majority. Pure.

    A removal needs the quorum of all members now, and leaves a cluster that needs the quorum of the rest.
    """
    voters = [member for member in found if not member.learner]
    rest = [member for member in voters if member.name != name]
    if not rest:
        return f"{name} holds the only copy of the cluster's data"
    if len(rest) == len(voters):
        return ""
    healthy = [member for member in rest if member.healthy]
    itself = [member for member in voters if member.name == name and member.healthy]
    if len(healthy) + len(itself) < quorum(len(voters)):
        return f"etcd has no quorum now: {len(healthy) + len(itself)} of {len(voters)} members are healthy"
    if len(healthy) < quorum(len(rest)):
        need = quorum(len(rest))
        return f"of the {len(rest)} members that would remain, {len(healthy)} are healthy; {need} are needed"
    return ""


def why_not_join(
    name: str, address: str, members: Sequence[Member], before: Collection[str], failed: Collection[str]
) -> list[str]:
    """Say why the control plane `name` must not join now.

    `before` are the control planes that stand before it in the site file, `failed` the nodes that failed in
    this run.
    """
    others = [member for member in members if not member.is_of(name, address)]
    if not others:
        return ["etcd does not say who its members are; is its pod running? See: nightfleet doctor"]
    sick = [member.name or member.peer for member in others if member.learner or not member.healthy]
    if sick:
        what = f"etcd is not whole: {', '.join(sick)} {'is' if len(sick) == 1 else 'are'} not healthy"
        why = "a further member would be one more that must agree"
        return [f"{what}; {why}. Repair or remove it first, then converge again"]
    joined = {member.name for member in members}
    waiting = [other for other in before if other in failed and other not in joined]
    if waiting:
        what = f"{', '.join(waiting)} has not joined, and two control planes are worse than one"
        return [f"{what}; see why, then converge again"]
    return []
