"""nfs_volumes: shares that pods may use: volumes that are there, and classes for claims (README.md)."""

from pyinfra.api.deploy import deploy

from deploys.hostops import node, place, report_progress, site
from deploys.nfs_volumes.operations import apply
from deploys.nfs_volumes.plan import plan


@deploy("nfs_volumes")
def nfs_volumes() -> None:
    """On the first control plane: bring volumes and classes into the cluster; nothing without any."""
    shared = site().nfs
    if node().name == site().first_control_plane.name and (shared.volumes or shared.classes):
        report_progress()
        wanted = plan(site())
        place(name="Write volumes and classes", files=wanted.files)
        apply(name="Apply volumes and classes", wanted=wanted)
