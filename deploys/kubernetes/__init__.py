"""kubernetes: kubelet, the control plane and the join (README.md says what it owns)."""

from pyinfra.api.deploy import deploy

from deploys.hostops import (
    install_artifacts,
    install_packages,
    machine,
    node,
    place,
    refuse_if,
    report_progress,
    run_units,
    site,
)
from deploys.hostops.this import ask
from deploys.kubernetes.facts import StandingFact
from deploys.kubernetes.operations import init, join, join_control_plane, keep_kubeconfig, settle_nodes
from deploys.kubernetes.plan import Wanted, plan, refusals
from deploys.kubernetes.standing import converge_refusals, upgrade_refusals
from deploys.kubernetes.upgrading import upgrade_member
from nightfleet.depot.model import load_index
from nightfleet.home import state_dir
from nightfleet.site import Role


@deploy("kubernetes")
def kubernetes() -> None:
    """Prepare this node and make it a member: what one host gets when it is called alone."""
    prepare()
    if is_first():
        begin()
    if node().has(Role.CONTROL_PLANE):
        reinforce()
    follow()


@deploy("kubernetes: prepare")
def prepare() -> None:
    """Everything that needs no cluster yet; all nodes at once."""
    report_progress()
    found = ask(StandingFact)
    against = [*refusals(found.membership), *converge_refusals(site(), node(), found)]
    refuse_if(name="Look at the node", reasons=against)
    wanted = plan(machine(), site(), node(), load_index())
    install(wanted)
    configure(wanted)
    activate(wanted)


@deploy("kubernetes: init")
def begin() -> None:
    """The first control plane; the operator gets a kubeconfig."""
    report_progress()
    init(name="Begin the cluster")
    fetch_kubeconfig()


@deploy("kubernetes: further control planes")
def reinforce() -> None:
    """Every control plane: one joins at each line, and the others wait there (docs/decisions/0007)."""
    report_progress()
    first, *others = site().having(Role.CONTROL_PLANE)
    for newcomer in others:
        join_control_plane(
            name=f"Join {newcomer.name}",
            newcomer=newcomer,
            control_planes=[first.name, *(other.name for other in others)],
        )


@deploy("kubernetes: join")
def follow() -> None:
    """Every node, once there is a cluster to join; on control planes there is nothing left to do."""
    report_progress()
    join(name="Join the cluster", control_planes=[node.name for node in site().having(Role.CONTROL_PLANE)])


@deploy("kubernetes: settle")
def settle() -> None:
    """On the first control plane, after all have joined: labels, and every node of this run Ready."""
    report_progress()
    settle_nodes(name="Label the nodes and wait until they are Ready", fleet=site().fleet)


@deploy("kubernetes: upgrade")
def advance() -> None:
    """A drained member: first what kubeadm made, then kubelet, whose version so tells how far it is."""
    report_progress()
    refuse_if(name="Look at the member", reasons=upgrade_refusals(node(), ask(StandingFact)))
    wanted = plan(machine(), site(), node(), load_index())
    kubeadm = [one for one in wanted.installs if one.stored.name == "kubeadm"]
    install_artifacts(name="Install kubeadm", installs=kubeadm, depot=site().artifacts.depot)
    upgrade_member(name="Renew what kubeadm made")
    install(wanted)
    configure(wanted)
    activate(wanted)


@deploy("kubernetes: hand over")
def hand_over() -> None:
    """The first control plane, after an upgrade: kubeadm has renewed the administrator's certificate."""
    report_progress()
    fetch_kubeconfig()


def fetch_kubeconfig() -> None:
    """For the operator alone."""
    keep_kubeconfig(name="Fetch the kubeconfig", path=str(state_dir(site().site) / "kubeconfig"))


def is_first() -> bool:
    """Tell whether the cluster begins on this host."""
    return node().name == site().first_control_plane.name


def install(wanted: Wanted) -> None:
    """Artifacts of the version lock, and what they call from the distribution."""
    install_packages(
        name="Install packages", packages=wanted.packages, lock_timeout=site().base.apt_lock_timeout
    )
    install_artifacts(
        name="Install kubelet, kubeadm and kubectl", installs=wanted.installs, depot=site().artifacts.depot
    )


def configure(wanted: Wanted) -> None:
    """Files only."""
    place(name="Write kubelet's settings", files=wanted.files)


def activate(wanted: Wanted) -> None:
    """Enable kubelet; kubeadm starts it when it has something to run."""
    run_units(name="Keep kubelet up to date", units=wanted.units)
