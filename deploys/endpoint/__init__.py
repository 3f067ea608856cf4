"""endpoint: one address for all control planes (README.md says what it owns and how it moves)."""

from pyinfra.api.deploy import deploy

from deploys.endpoint.facts import Carrier
from deploys.endpoint.plan import Wanted, plan, refusals
from deploys.hostops import install_packages, node, place, refuse_if, report_progress, run_units, site
from deploys.hostops.this import ask


@deploy("endpoint")
def endpoint() -> None:
    """Hold the virtual address together with the other control planes; nothing without one in the site."""
    report_progress()
    if site().shared_endpoint.virtual_address:
        share()


def share() -> None:
    """haproxy before the API servers, keepalived for the address."""
    found = ask(Carrier, address=str(node().address))
    refuse_if(name="Look for the interface", reasons=refusals(site(), node(), found))
    wanted = plan(site(), node(), found)
    install(wanted)
    configure(wanted)
    activate(wanted)


def install(wanted: Wanted) -> None:
    """The distribution's packages; their own units stay masked, ours read our own files."""
    place(name="Mask the packages' own services", links=wanted.masks)
    install_packages(
        name="Install packages", packages=wanted.packages, lock_timeout=site().base.apt_lock_timeout
    )


def configure(wanted: Wanted) -> None:
    """Files only."""
    place(name="Write the settings of haproxy and keepalived", files=wanted.files)


def activate(wanted: Wanted) -> None:
    """Run both."""
    run_units(name="Hold the endpoint", units=wanted.units)
