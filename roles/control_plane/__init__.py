"""control_plane: where a cluster begins, and what keeps it alive. It needs the images of a registry node."""

from pyinfra.api.deploy import deploy

from deploys.backup import make_backups
from deploys.base import base
from deploys.cephfs_client import mount_shares
from deploys.containerd import containerd
from deploys.disks import disks
from deploys.endpoint import endpoint
from deploys.kubernetes import begin, is_first, prepare, reinforce, settle
from deploys.network import network
from deploys.nfs_volumes import nfs_volumes


@deploy("role control_plane")
def control_plane() -> None:
    """The machine, its runtime, the shared address, the cluster, the pod network, and backups."""
    base()
    disks()
    mount_shares()
    containerd()
    endpoint()
    prepare()
    if is_first():
        begin()
    reinforce()
    network()
    make_backups()
    if is_first():
        settle()
        nfs_volumes()
