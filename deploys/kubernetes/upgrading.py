"""kubeadm's part of an upgrade, on one member that was drained before."""

import shlex
from collections.abc import Generator

from pyinfra.api.command import StringCommand
from pyinfra.api.operation import operation
from pyinfra.context import host

from deploys.hostops import this
from deploys.hostops.this import ask
from deploys.kubernetes.facts import StandingFact
from deploys.kubernetes.plan import TEMPLATES, preflight_ignored
from deploys.kubernetes.standing import UPGRADE_IGNORED, upgrade_words

SCRIPT = (TEMPLATES / "kubeadm-upgrade.sh").read_text(encoding="utf-8")


@operation()
def upgrade_member() -> Generator[StringCommand, None, None]:
    """Renew static pods, certificates and kubelet's settings, as far as kubeadm made them on this host."""
    site, node = this.site(), this.node()
    words = upgrade_words(site, node, ask(StandingFact))
    if not words:
        host.noop("kubeadm has nothing to renew")
        return
    ignored = ",".join([*preflight_ignored(this.machine(), node), *UPGRADE_IGNORED])
    arguments = [node.kubernetes, site.endpoint, *words, f"--ignore-preflight-errors={ignored}"]
    yield StringCommand(f"{SCRIPT}\nupgrade {shlex.join(arguments)}")
