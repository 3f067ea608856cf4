"""What the cluster remembers of its last proof."""

from dataclasses import dataclass

from deploys.hostops.facts import HostFact
from deploys.kubernetes.plan import KUBECTL, MEMBER


@dataclass(frozen=True, slots=True)
class Proven:
    """Fingerprint of the last proof, and the workers that are Ready now."""

    fingerprint: str = ""
    ready: tuple[str, ...] = ()


class Proof(HostFact):
    """One command: the kept proof, then the Ready nodes."""

    @staticmethod
    def default() -> Proven:
        return Proven()

    def command(self, namespace: str) -> str:
        ready = (
            '{range .items[*]}{.metadata.name}={.status.conditions[?(@.type=="Ready")].status}{"\\n"}{end}'
        )
        return (
            f'echo "proof=$({KUBECTL} -n {namespace} get configmap proof --ignore-not-found'
            " -o jsonpath='{.data.fingerprint}' 2>/dev/null)\";"
            f" [ ! -e {MEMBER} ] || {KUBECTL} get nodes -o jsonpath='{ready}'"
        )

    def parse(self, output: list[str]) -> Proven:
        pairs = [line.partition("=")[::2] for line in output if "=" in line]
        fingerprint = dict(pairs).get("proof", "")
        return Proven(fingerprint, tuple(name for name, value in pairs if value == "True"))
