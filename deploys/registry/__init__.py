"""registry: images for the nodes, pushed or fetched at the first pull (README.md says what it owns)."""

from pyinfra.api.deploy import deploy

from deploys.hostops import arch, install_packages, place, report_progress, run_units, site
from deploys.registry.operations import seed
from deploys.registry.plan import Wanted, plan
from nightfleet.depot.model import load_index


@deploy("registry")
def registry() -> None:
    """Serve the registry and fill it with the images of the version lock."""
    report_progress()
    wanted = plan(site(), load_index(), arch())
    install(wanted)
    configure(wanted)
    activate(wanted)


def install(wanted: Wanted) -> None:
    """The distribution's packages; the package's own unit stays masked, ours is one per project."""
    place(name="Mask the package's own service", links=wanted.masks)
    install_packages(
        name="Install packages", packages=wanted.packages, lock_timeout=site().base.apt_lock_timeout
    )


def configure(wanted: Wanted) -> None:
    """Files only."""
    place(name="Write one configuration per registry", files=wanted.files)


def activate(wanted: Wanted) -> None:
    """Run the registries, then push what is missing."""
    run_units(name="Run the registries", units=wanted.units)
    seed(name="Push the images of the version lock", seeds=wanted.seeds, port=wanted.port, depot=wanted.depot)
