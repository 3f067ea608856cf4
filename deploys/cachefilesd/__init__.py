"""cachefilesd: what was read over the network is kept on a local disk (README.md says what it owns)."""

from pyinfra.api.deploy import deploy

from deploys.cachefilesd.facts import Caching
from deploys.cachefilesd.plan import Wanted, plan, refusals
from deploys.cachefilesd.undo import undo
from deploys.hostops import install_packages, node, place, refuse_if, report_progress, run_units, site
from deploys.hostops.this import ask
from nightfleet.site.shares import cached_on


@deploy("cachefilesd")
def cachefilesd() -> None:
    """Keep a cache where the site mounts anything with one; one that was kept before goes."""
    report_progress()
    nfs = site().nfs
    if cached_on(site(), node()):
        keep()
    elif nfs.mounts or nfs.classes or nfs.volumes or site().cephfs.shares:
        undo()


def keep() -> None:
    """The daemon that makes room in the cache, and its limits."""
    found = ask(Caching)
    refuse_if(name="Look for a cache in the kernel", reasons=refusals(site(), node(), found))
    wanted = plan(site(), node())
    install(wanted)
    configure(wanted)
    activate(wanted)


def install(wanted: Wanted) -> None:
    """The distribution's package; its own init script stays masked."""
    place(name="Mask the package's own service", links=wanted.masks)
    install_packages(
        name="Install packages", packages=wanted.packages, lock_timeout=site().base.apt_lock_timeout
    )


def configure(wanted: Wanted) -> None:
    """Files only."""
    place(name="Write the cache's limits", files=wanted.files)


def activate(wanted: Wanted) -> None:
    """Run it before anything is mounted with it."""
    run_units(name="Keep the cache", units=wanted.units)
