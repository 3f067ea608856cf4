"""What happens to a fleet, from top to bottom.

    pyinfra inventory/<site>/hosts.py deploys/fleet.py

A line without an `if` is a barrier: no host passes it before every host has reached it. pyinfra keeps the
order of each host and otherwise runs what is ready, so a line for some hosts only has to stand between two
lines for all of them (docs/decisions/0006).
"""

from pyinfra.context import host

from deploys.backup import keep_copies, make_backups
from deploys.backup.plan import PACKAGES as BACKUP_PACKAGES
from deploys.base import base
from deploys.cachefilesd import cachefilesd
from deploys.cephfs_client import mount_shares, offer_volumes
from deploys.containerd import containerd
from deploys.disks import disks
from deploys.endpoint import endpoint
from deploys.kubernetes import begin, follow, prepare, reinforce, settle
from deploys.kubernetes.plan import PACKAGES as NODE_PACKAGES
from deploys.network import network
from deploys.nfs_client import nfs_client
from deploys.nfs_server import nfs_server
from deploys.nfs_volumes import nfs_volumes
from deploys.registry import registry
from deploys.registry.plan import AHEAD as REGISTRY_PACKAGES
from deploys.smoke import smoke

# one run of the package manager for everything that follows; each capability still looks for its own
base(
    ahead=(
        *NODE_PACKAGES,
        *(REGISTRY_PACKAGES if "registry" in host.groups else ()),
        *(BACKUP_PACKAGES if "control_plane" in host.groups else ()),
    )
)
disks()  # before anything is written where they will be mounted
cachefilesd()  # before anything is mounted with it
mount_shares()  # before any pod looks for them
containerd()

if "registry" in host.groups:
    registry()

if "control_plane" in host.groups:
    endpoint()

prepare()

if "first_control_plane" in host.groups:
    begin()

if "control_plane" in host.groups:
    reinforce()  # one after another, and each only when etcd is whole

follow()  # control planes have nothing to do here, and so hold the workers back until they are done
network()
nfs_server()
nfs_client()  # nobody passes this line before all servers serve

if "control_plane" in host.groups:
    make_backups()

keep_copies()

if "first_control_plane" in host.groups:
    offer_volumes()
    settle()
    nfs_volumes()
    smoke()
