"""egress: can this machine get what a cluster needs? Changes nothing (README.md says what is tried)."""

from pyinfra.api.deploy import deploy

from deploys.egress.facts import Tried
from deploys.egress.plan import reasons, targets
from deploys.hostops import node, refuse_if, report_progress, site
from deploys.hostops.this import ask


@deploy("egress")
def egress() -> None:
    """Try every source and the path to the first control plane; refuse the machine with all that fails."""
    report_progress()
    wanted = targets(site(), node())
    tried = ask(Tried, urls=wanted.urls, peer=wanted.peer)
    refuse_if(name="Reach what a cluster is made from", reasons=reasons(wanted, tried))
