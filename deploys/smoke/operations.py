"""Making the proof."""

import base64
import shlex
from collections.abc import Generator

from pyinfra.api.command import StringCommand
from pyinfra.api.operation import operation
from pyinfra.context import host

from deploys.hostops.this import ask
from deploys.smoke.facts import Proof
from deploys.smoke.plan import NAMESPACE, TEMPLATES, Wanted

SCRIPT = (TEMPLATES / "prove.sh").read_text(encoding="utf-8")


@operation()
def prove(wanted: Wanted) -> Generator[StringCommand, None, None]:
    """Prove it on the Ready workers, and keep the result as ConfigMap nightfleet-smoke/proof.

    A worker that this run has lost may be Ready for most of a minute: a new proof does not wait for it.
    """
    found = ask(Proof, namespace=NAMESPACE)
    lost = {other.name.rpartition("/")[2] for other in host.state.failed_hosts}
    ready = sorted(set(found.ready) & set(wanted.workers))
    workers = [worker for worker in ready if worker not in lost]
    if found.fingerprint in (wanted.fingerprint(ready), wanted.fingerprint(workers)):
        host.noop("the workers are proven")
        return
    values = {
        "NAMESPACE": NAMESPACE,
        "SERVICE": wanted.service,
        "TIMEOUT": str(wanted.timeout),
        "FINGERPRINT": wanted.fingerprint(workers),
        "WORKERS": " ".join(workers),
    }
    settings = "\n".join(f"{key}={shlex.quote(value)}" for key, value in values.items())
    yield StringCommand(f"{settings}\n{SCRIPT}", _stdin=base64.encodebytes(wanted.manifest.encode()).decode())
