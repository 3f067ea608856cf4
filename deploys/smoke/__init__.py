"""smoke: the proof that a cluster works, kept in the cluster (README.md says what it shows)."""

from pyinfra.api.deploy import deploy

from deploys.hostops import arch, node, report_progress, site
from deploys.smoke.operations import prove
from deploys.smoke.plan import plan
from nightfleet.depot.model import load_index


@deploy("smoke")
def smoke() -> None:
    """On the first control plane: prove the cluster, unless this very cluster is proven."""
    if node().name == site().first_control_plane.name:
        report_progress()
        prove(name="Prove that pods run, resolve and talk", wanted=plan(site(), load_index(), arch()))
