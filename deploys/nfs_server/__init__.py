"""nfs_server: folders that other nodes may mount (README.md says what it owns and who serves)."""

from pyinfra.api.deploy import deploy

from deploys.hostops import install_packages, node, place, refuse_if, report_progress, run_units, site
from deploys.nfs_server.facts import serving
from deploys.nfs_server.operations import limit, load_exports, make_folders
from deploys.nfs_server.plan import Wanted, plan, refusals
from deploys.nfs_server.undo import undo
from nightfleet.site.shares import served_by


@deploy("nfs_server")
def nfs_server() -> None:
    """Serve what the site exports from this node; another node that served once serves no longer."""
    report_progress()
    if served_by(site(), node()):
        serve()
    elif site().nfs.exports:
        undo()


def serve() -> None:
    """The kernel's server, or NFS-Ganesha where the kernel has none."""
    found = serving()
    refuse_if(name="Look at what is to be exported", reasons=refusals(site(), node(), found))
    wanted = plan(site(), node(), found)
    install(wanted)
    configure(wanted)
    activate(wanted)


def install(wanted: Wanted) -> None:
    """The distribution's packages; Ganesha's own unit stays masked, ours reads our own files."""
    place(name="Mask the package's own service", links=wanted.masks)
    install_packages(
        name="Install packages", packages=wanted.packages, lock_timeout=site().base.apt_lock_timeout
    )


def configure(wanted: Wanted) -> None:
    """Folders with their limits, and who may mount them."""
    make_folders(name="Make folders", folders=wanted.folders)
    limit(name="Limit what folders may hold", quotas=wanted.quotas)
    place(name="Write exports", files=wanted.files)


def activate(wanted: Wanted) -> None:
    """Serve. New exports are read by the running server: a restart would make every client wait."""
    run_units(name="Run the server", units=wanted.units)
    load_exports(name="Have exports in force", wanted=wanted)
