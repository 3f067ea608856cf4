"""What is restored where, or why nothing is touched. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from nightfleet.backup.bag import Bag
from nightfleet.site import Site


@dataclass(frozen=True, slots=True)
class Look:
    """What a control plane says of itself. `silent` is why it cannot be asked; the rest is then unknown."""

    name: str
    silent: str = ""
    ca: str = ""  # sha256 of its cluster's CA certificate; empty without one
    keys: bool = False  # etcd's CA key is there
    manifests: bool = False  # etcd's, in place or put aside by a restore
    data: bool = False
    runs: bool = False  # etcd or API server have processes
    revision: int = 0  # of an etcd that answers, has a quorum and holds a cluster; 0: there is none
    prepared: bool = False  # kubelet's settings and etcd's tools are there
    restored: str = ""  # the word of the restore that put its data there

    @property
    def member(self) -> bool:
        """Whether it is a control plane that only lacks its data."""
        return bool(self.ca) and self.keys and self.manifests

    def lives_by(self, word: str) -> bool:
        """Tell whether its data is what this attempt put there."""
        return bool(word) and self.restored == word


class Step(StrEnum):
    """One step; all nodes do it before any goes on."""

    PREPARE = "prepare the machine"
    STOP = "stop the control plane"
    KEEP = "put the old data aside"
    KEYS = "put the cluster's CA keys back"
    DATA = "restore etcd's data"
    ETCD = "start etcd"
    QUORUM = "wait for etcd's quorum"
    API = "start the control plane"
    BEGIN = "let kubeadm complete the control plane"
    SETTLE = "wait for the nodes to come back"


ON_MEMBERS = (Step.STOP, Step.KEEP, Step.DATA, Step.ETCD, Step.QUORUM, Step.API, Step.SETTLE)
ON_A_NEW_MACHINE = (Step.PREPARE, Step.STOP, Step.KEEP, Step.KEYS, Step.DATA, Step.BEGIN, Step.SETTLE)


@dataclass(frozen=True, slots=True)
class Plan:
    """A restore that nothing speaks against. `later` are control planes that a converge makes join again."""

    bag: Bag
    nodes: tuple[str, ...]
    rebuild: bool  # nobody has the cluster's keys: one control plane is made anew
    initial_cluster: str  # as etcd takes it
    later: tuple[str, ...]

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps in order."""
        return ON_A_NEW_MACHINE if self.rebuild else ON_MEMBERS

    @property
    def membership(self) -> dict[str, str]:
        """What must not change while it is carried out: etcd makes the cluster's id of it."""
        return {"nodes": " ".join(self.nodes), "initial_cluster": self.initial_cluster}


def plan(site: Site, bag: Bag, looks: Sequence[Look], without: Collection[str] = ()) -> Plan:
    """Decide where the data goes: to every control plane that is whole but for it, else to the first anew."""
    asked = [look for look in looks if look.name not in without]
    members = [look.name for look in asked if look.member]
    nodes = members or [look.name for look in asked][:1]
    peers = ",".join(f"{name}=https://{site.node(name).address}:2380" for name in nodes)
    later = tuple(look.name for look in looks if look.name not in nodes)
    return Plan(bag, tuple(nodes), not members, peers, later)


def refusals(
    site: Site,
    bag: Bag,
    looks: Sequence[Look],
    kubeconfig_ca: str,
    over_running: str = "",
    without: Collection[str] = (),
    word: str = "",
) -> Mapping[str, str]:
    """Say why nothing is touched: reason -> way out. `kubeconfig_ca` is empty when this operator has none.

    `word` names the attempt: an etcd that lives on its data is no reason.
    """
    reasons: dict[str, str] = {}
    known = {look.name: look.ca for look in looks if look.ca and look.name not in without}
    if kubeconfig_ca:
        known["this operator's kubeconfig"] = kubeconfig_ca
    others = sorted(where for where, ca in known.items() if ca != bag.cluster_ca)
    if others:
        reasons[
            f"backup {bag.name!r} is of another cluster than {', '.join(others)} (CA {bag.cluster_ca[:12]})"
        ] = f"a backup of this cluster: nightfleet backup list --site {site.site}"
    elif bag.site != site.site and not known:
        reasons[f"backup {bag.name!r} is of site {bag.site!r}, not of {site.site!r}"] = "name its own site"
    well = {look.name: look.revision for look in looks if look.revision and not look.lives_by(word)}
    if well and not over_running:
        newer = f"it is at revision {max(well.values())}, the backup at {bag.revision}"
        reasons[f"etcd is alive and healthy on {', '.join(sorted(well))}; {newer}"] = (
            "a restore puts what it holds aside; if that is what you want: --over-running REASON"
        )
    silent = [look for look in looks if look.silent and look.name not in without]
    for look in silent:
        reasons[f"{look.name} cannot be asked: {look.silent}"] = (
            f"bring it back, or leave it behind: --without {look.name} (wipe it before it joins again)"
        )
    if unknown := sorted(set(without) - {look.name for look in looks}):
        reasons[f"{unknown[0]!r} is no control plane of this site"] = "--without takes control planes"
    elif len(set(without)) == len(looks):
        reasons["no control plane is left to restore on"] = "leave out fewer"
    return reasons
