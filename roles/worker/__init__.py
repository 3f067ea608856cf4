"""worker: a machine that runs pods. It needs a control plane to join."""

from pyinfra.api.deploy import deploy

from deploys.base import base
from deploys.cephfs_client import mount_shares
from deploys.containerd import containerd
from deploys.disks import disks
from deploys.kubernetes import follow, prepare
from deploys.network import network


@deploy("role worker")
def worker() -> None:
    """The machine, its runtime, membership, and the node's own part of the pod network."""
    base()
    disks()
    mount_shares()
    containerd()
    prepare()
    follow()
    network()
