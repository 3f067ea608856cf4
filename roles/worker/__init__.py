"""worker: a machine that runs pods. It needs a control plane to join."""

from pyinfra.api.deploy import deploy

from deploys.base import base
from deploys.cachefilesd import cachefilesd
from deploys.cephfs_client import mount_shares
from deploys.containerd import containerd
from deploys.disks import disks
from deploys.kubernetes import follow, prepare
from deploys.network import network
from deploys.nfs_client import nfs_client


@deploy("role worker")
def worker() -> None:
    """The machine, its runtime, membership, its part of the pod network, shared storage."""
    base()
    disks()
    cachefilesd()
    mount_shares()
    containerd()
    prepare()
    follow()
    network()
    nfs_client()
