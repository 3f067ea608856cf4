"""What the cluster says about the chart that runs in it."""

from deploys.hostops.facts import HostFact
from deploys.kubernetes.plan import KUBECTL


class AppliedChart(HostFact):
    """Annotation of our own on the namespace: chart folder and sha256 of the values last applied."""

    @staticmethod
    def default() -> str:
        return ""

    def command(self) -> str:
        return (
            f"{KUBECTL} --namespace kube-system get configmap nightfleet-cilium --ignore-not-found"
            " -o jsonpath='{.data.applied}' 2>/dev/null; true"
        )

    def parse(self, output: list[str]) -> str:
        return "".join(output).strip()
