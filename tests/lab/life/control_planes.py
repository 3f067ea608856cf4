"""Control planes of a lab: which one holds the address, how etcd is, one that dies and comes back."""

import shlex
from dataclasses import dataclass

from nightfleet.cluster import etcd
from nightfleet.cluster.ssh import Shell
from nightfleet.lab import process
from nightfleet.lab.state import State
from nightfleet.site import Role
from tests.lab.cluster import Cluster, end, wait_until
from tests.lab.life.pulse import Loss, Pulse, loss, writing

RECOVERY = 300  # seconds, after which something hangs for sure
AFTER = 50  # successful writes, after which the loss of a host counts as survived


def names(cluster: Cluster) -> list[str]:
    """Return the control planes in the order of the site."""
    return [node.name for node in cluster.site.having(Role.CONTROL_PLANE)]


def holders(cluster: Cluster) -> list[str]:
    """Return the control planes that carry the virtual address now; those that are down carry nothing."""
    address = cluster.site.shared_endpoint.virtual_address
    with Shell(cluster.site) as shell:
        said = shell.each(names(cluster), f"ip -o -4 address show to {address}/32")
    return [name for name, one in said.items() if one.reached and one.out.strip()]


def holder(cluster: Cluster) -> str:
    """Return the one that holds the address, when it is one."""
    found: list[str] = wait_until(
        lambda: now if len(now := holders(cluster)) == 1 else [], "the address to be at one host"
    )
    return found[0]


def healthy_members(cluster: Cluster) -> list[str]:
    """Return etcd's healthy voting members, as a control plane that is up sees them."""
    up = [name for name in names(cluster) if cluster.host(name).state() is State.RUNNING]
    with Shell(cluster.site) as shell:
        found = etcd.members(shell, up)
    return sorted(member.name for member in found if member.healthy and not member.learner)


def leader(cluster: Cluster) -> str:
    """Return the control plane whose etcd leads."""
    ask = "curl -s http://127.0.0.1:2381/metrics | grep -x 'etcd_server_is_leader 1'; true"
    with Shell(cluster.site) as shell:
        said = shell.each(names(cluster), ask)
    return next((name for name, one in said.items() if one.reached and one.out.strip()), "")


def kill(cluster: Cluster, name: str) -> None:
    """Take a host's power: its init is killed, and everything in it with it."""
    init = process.leader(cluster.layout.host(name).keeper)
    assert init is not None
    end([init.pid])
    wait_until(lambda: cluster.host(name).state() is not State.RUNNING, f"{name} to be dead")


def bring_back(cluster: Cluster) -> None:
    """Boot what is down, and wait until etcd is whole and every node is Ready."""
    cluster.nightfleet("lab", "up", "--hosts-only")
    wait_until(lambda: is_whole(cluster), "etcd to be whole", RECOVERY, 1)
    wait_until(lambda: all_ready(cluster), "every node to be Ready", RECOVERY, 1)


def is_whole(cluster: Cluster) -> bool:
    """Tell whether every control plane has a healthy member."""
    try:
        return healthy_members(cluster) == sorted(names(cluster))
    except Exception:
        return False


def all_ready(cluster: Cluster) -> bool:
    """Tell whether every node of the site is Ready."""
    form = '{range .items[*]}{.status.conditions[?(@.type=="Ready")].status} {end}'
    kubectl = f"kubectl --kubeconfig /etc/kubernetes/admin.conf get nodes -o jsonpath={shlex.quote(form)}"
    with Shell(cluster.site) as shell:
        said = next((one for name in names(cluster) if (one := shell.run(name, kubectl)).code == 0), None)
    return said is not None and said.out.split() == ["True"] * len(cluster.site.fleet)


@dataclass(frozen=True, slots=True)
class Survived:
    """What the death and the return of a control plane cost a client of the endpoint.

    `without` is what they cost, both together, a client that knows the victim alone: the same cluster without
    a shared endpoint.
    """

    death: Loss
    back: Loss
    without: Loss


def survive(cluster: Cluster, victim: str) -> Survived:
    """Kill a control plane while clients write, and bring it back meanwhile."""
    kubeconfig = cluster.operator_files / "kubeconfig"
    itself = f"https://{cluster.site.node(victim).address}:6443"
    with writing(kubeconfig) as pulse, writing(kubeconfig, itself) as alone:
        settle(pulse)
        killed, killed_alone = pulse.now(), alone.now()
        kill(cluster, victim)
        settle(pulse)
        back = pulse.now()
        bring_back(cluster)
        settle(pulse)
        settle(alone)
    return Survived(loss(pulse.seen, killed, back), loss(pulse.seen, back), loss(alone.seen, killed_alone))


def settle(pulse: Pulse) -> None:
    """Wait until writes have gone well for a while."""
    now = pulse.good()
    wait_until(lambda: pulse.good() >= now + AFTER, "writes to go on", RECOVERY)
