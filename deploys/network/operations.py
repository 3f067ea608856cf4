"""Applying a chart."""

import hashlib
import shlex
from collections.abc import Generator

from pyinfra.api.command import StringCommand
from pyinfra.api.operation import operation
from pyinfra.context import host

from deploys.hostops.this import ask
from deploys.kubernetes.plan import ADMIN_CONF, KUBECTL
from deploys.network.facts import AppliedChart
from deploys.network.plan import VALUES, Chart


@operation()
def apply_chart(chart: Chart) -> Generator[StringCommand, None, None]:
    """`helm upgrade --install` when chart or values are not the ones last applied."""
    wanted = f"{chart.folder} {hashlib.sha256(chart.files[0].content.encode()).hexdigest()}"
    if ask(AppliedChart) == wanted:
        host.noop(f"cilium {chart.version} is applied with these values")
        return
    yield StringCommand(
        f"helm upgrade --install cilium {shlex.quote(chart.folder)} --kubeconfig {ADMIN_CONF}"
        f" --namespace kube-system --values {VALUES} --wait --timeout 10m"
        f" && {KUBECTL} --namespace kube-system create configmap nightfleet-cilium"
        f" --from-literal=applied={shlex.quote(wanted)} --dry-run=client -o yaml"
        f" | {KUBECTL} apply -f -"
    )
