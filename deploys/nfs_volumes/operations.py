"""Bringing objects into the cluster."""

from collections.abc import Generator

from pyinfra.api.command import StringCommand
from pyinfra.api.operation import operation
from pyinfra.context import host

from deploys.hostops.this import ask
from deploys.kubernetes.plan import KUBECTL
from deploys.nfs_volumes.facts import Applied
from deploys.nfs_volumes.plan import NOTE, Wanted


@operation()
def apply(wanted: Wanted) -> Generator[StringCommand, None, None]:
    """Apply the manifests when they are not the ones last applied; nothing is ever deleted from here."""
    if ask(Applied) == wanted.sum:
        host.noop("volumes and classes are those of the site")
        return
    files = " ".join(f"-f {path}" for path in wanted.manifests)
    note = f"create configmap {NOTE} --from-literal=applied={wanted.sum} --dry-run=client -o yaml"
    yield StringCommand(
        f"{KUBECTL} apply --server-side --field-manager=nightfleet {files}"
        f" && {KUBECTL} --namespace kube-system {note} | {KUBECTL} apply -f -"
    )
