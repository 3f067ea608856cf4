"""What a node, and the cluster, say about membership."""

from deploys.hostops.facts import HostFact
from deploys.kubernetes import plan
from deploys.kubernetes.standing import KUBELET, MANIFEST, Standing, standing
from nightfleet import quorum

# After a reboot the API server takes its time; a converge that comes too early waits for it.
API_ANSWERS = (
    f"[ ! -e {plan.MEMBER} ] || for i in $(seq 90); do"
    " curl -fsk -o /dev/null --max-time 5 https://127.0.0.1:6443/readyz && break; sleep 1; done;"
)


class MembershipFact(HostFact):
    """How far this node has come."""

    @staticmethod
    def default() -> plan.Membership:
        return plan.Membership.NONE

    def command(self) -> str:
        paths = f"{plan.MEMBER} {plan.ETC}/*.conf {plan.ETC}/pki/ca.crt {plan.DROP_IN}"
        return f"ls -1d {paths} 2>/dev/null; true"

    def parse(self, output: list[str]) -> plan.Membership:
        return plan.membership(output)


class StandingFact(HostFact):
    """How far this node has come, and which kubelet it runs: one question."""

    @staticmethod
    def default() -> Standing:
        return Standing(plan.Membership.NONE, "")

    def command(self) -> str:
        image = f"grep -o 'kube-apiserver:v.*' {MANIFEST} 2>/dev/null"
        return f"{MembershipFact().command().removesuffix('; true')}; readlink {KUBELET}; {image}; true"

    def parse(self, output: list[str]) -> Standing:
        return standing(output)


class JoinTicket(HostFact):
    """Asked of a control plane at the moment of joining: a token for fifteen minutes.

    With a version, for a control plane: the cluster's keys are uploaded anew as well, encrypted with a fresh
    key that kubeadm makes and prints. The version keeps kubeadm from asking the internet for the newest one.
    """

    def command(self, version: str = "") -> str:
        create = "kubeadm token create --ttl 15m --description 'nightfleet join' --print-join-command"
        return f"{API_ANSWERS} [ ! -e {plan.MEMBER} ] || {{ {create}; {upload(version)}}} 2>/dev/null; true"

    def parse(self, output: list[str]) -> plan.Ticket | None:
        return plan.parse_ticket(output) if "--token" in " ".join(output).split() else None


def upload(version: str) -> str:
    """Return the command that uploads the keys for other control planes; nothing without a version."""
    lines = (
        f"apiVersion: kubeadm.k8s.io/v1beta4\\nkind: ClusterConfiguration\\nkubernetesVersion: v{version}\\n"
    )
    config = f"printf '{lines}'"
    give = "kubeadm init phase upload-certs --upload-certs --config /dev/stdin"
    return f"{config} | {give}; " if version else ""


class EtcdMembers(HostFact):
    """The members of etcd and their health, asked of a control plane; none before the cluster has begun."""

    @staticmethod
    def default() -> tuple[quorum.Member, ...]:
        return ()

    def command(self) -> str:
        return f"{API_ANSWERS} [ ! -e {plan.MEMBER} ] || {{ {quorum.ASK}; }}"

    def parse(self, output: list[str]) -> tuple[quorum.Member, ...]:
        return quorum.read_members(output)


class Nodes(HostFact):
    """Every node as the API server sees it; none before the cluster has begun (a dry run asks then)."""

    @staticmethod
    def default() -> dict[str, plan.NodeStatus]:
        return {}

    def command(self) -> str:
        return f"{API_ANSWERS} [ ! -e {plan.MEMBER} ] || {plan.KUBECTL} get nodes -o json"

    def parse(self, output: list[str]) -> dict[str, plan.NodeStatus]:
        return plan.parse_nodes(output)


class AdminConf(HostFact):
    """The administrator's kubeconfig; empty before there is one."""

    def command(self) -> str:
        return f"cat {plan.ADMIN_CONF} 2>/dev/null; true"

    def parse(self, output: list[str]) -> str:
        return "\n".join(output) + "\n" if output else ""
