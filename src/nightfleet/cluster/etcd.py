"""The etcd of a cluster, asked on a control plane over ssh; `nightfleet.quorum` says what answers mean."""

from collections.abc import Sequence

from nightfleet.cluster.ssh import Shell
from nightfleet.errors import Exit, NightfleetError
from nightfleet.quorum import ASK, ETCDCTL, Member, read_members, why_not_remove, why_not_stop

__all__ = ["ETCDCTL", "Member", "members", "remove", "why_not_remove", "why_not_stop"]


def members(shell: Shell, control_planes: Sequence[str]) -> tuple[Member, ...]:
    """Ask the first control plane that answers. NightfleetError when none does."""
    why = "no control plane was asked"
    for name in control_planes:
        said = shell.run(name, ASK, seconds=60)
        if found := read_members(said.out.splitlines()):
            return found
        why = f"{name}: {said.why}"
    raise NightfleetError(f"etcd does not answer: {why}", ", ".join(control_planes), "nightfleet doctor")


def remove(shell: Shell, others: Sequence[str], name: str) -> str:
    """Take the member of a node out for good, by another control plane; return what was done.

    Looks once more before it does. NightfleetError(REFUSED) when the rest would have no quorum.
    """
    found = members(shell, others)
    mine = [member for member in found if member.name == name]
    if not mine:
        return "it was gone"
    if why := why_not_remove(found, name):
        raise NightfleetError(why, name, "nightfleet doctor", Exit.REFUSED)
    fault = ""
    for other in others:
        said = shell.run(other, f"{ETCDCTL} member remove {mine[0].id}", seconds=60)
        if said.code == 0:
            return f"member {mine[0].id}, by {other}"
        fault = f"{other}: {said.why}"
    raise NightfleetError(f"etcd does not let it go: {fault}", name, "nightfleet doctor")
