"""nfs_client: shares on nodes themselves, mounted when somebody looks (README.md says what it owns)."""

from pyinfra.api.deploy import deploy

from deploys.hostops import install_packages, node, place, refuse_if, report_progress, run_units, site
from deploys.hostops.this import ask
from deploys.nfs_client.facts import Client
from deploys.nfs_client.operations import prove_cache, renew, retire
from deploys.nfs_client.plan import Wanted, plan, refusals


@deploy("nfs_client")
def nfs_client() -> None:
    """Have the mounts of the site ready on this node, and for its pods; nothing where the site has none."""
    report_progress()
    if site().nfs.mounts or site().nfs.volumes:
        mount()


def mount() -> None:
    """Units that mount on first use, so that no boot waits for a server."""
    found = ask(Client)
    refuse_if(name="Look for an NFS client in the kernel", reasons=refusals(site(), node(), found))
    wanted = plan(site(), node(), found)
    install(wanted)
    configure(wanted)
    activate(wanted)


def install(wanted: Wanted) -> None:
    """The distribution's package: mount.nfs."""
    install_packages(
        name="Install packages", packages=wanted.packages, lock_timeout=site().base.apt_lock_timeout
    )


def configure(wanted: Wanted) -> None:
    """Units; those of mounts that the site no longer has go."""
    retire(name="Unmount what the site no longer has", units=wanted.retired)
    place(name="Write mount units", files=wanted.files, absent=wanted.absent)


def activate(wanted: Wanted) -> None:
    """Wait for somebody to look; what is mounted otherwise than the site says is mounted again."""
    run_units(name="Mount on first use", units=wanted.units)
    renew(name="Mount again what is mounted otherwise", wanted=wanted)
    prove_cache(name="See that caches are on", places=wanted.cached)
