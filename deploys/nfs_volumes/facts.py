"""What the cluster remembers of volumes and classes."""

from deploys.hostops.facts import HostFact
from deploys.kubernetes.plan import KUBECTL
from deploys.nfs_volumes.plan import NOTE


class Applied(HostFact):
    """The sum over the manifests that were applied last; empty when none were."""

    @staticmethod
    def default() -> str:
        return ""

    def command(self) -> str:
        get = f"{KUBECTL} --namespace kube-system get configmap {NOTE} --ignore-not-found"
        return f"{get} -o jsonpath='{{.data.applied}}' 2>/dev/null; true"

    def parse(self, output: list[str]) -> str:
        return output[0] if output else ""
