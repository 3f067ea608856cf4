"""network: pods of different nodes can talk (README.md says what it owns)."""

from pyinfra.api.deploy import deploy

from deploys.hostops import arch, install_artifacts, node, place, refuse_if, report_progress, run_units, site
from deploys.network.operations import apply_chart
from deploys.network.plan import plan, plan_chart, refusals
from nightfleet.depot.model import load_index
from nightfleet.site import Cni


@deploy("network")
def network() -> None:
    """Connect this node's pods: by plain routes, or by Cilium from the first control plane."""
    report_progress()
    if site().network.cni is Cni.ROUTED:
        routed()
    elif node().name == site().first_control_plane.name:
        cilium()


def routed() -> None:
    """One bridge, one route per other node; no daemon, no image."""
    wanted = plan(site(), node())
    place(name="Write the CNI configuration and routes", files=wanted.files)
    run_units(name="Set routes", units=wanted.units)


def cilium() -> None:
    """The chart of the version lock with values for this site."""
    refuse_if(name="Look for the chart", reasons=refusals(site(), load_index(), arch()))
    wanted = plan_chart(site(), load_index(), arch())
    install_artifacts(
        name="Install helm and the chart", installs=wanted.installs, depot=site().artifacts.depot
    )
    place(name="Write the values", files=wanted.files)
    apply_chart(name="Apply the chart", chart=wanted)
