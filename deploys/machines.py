"""Machines up to where a cluster begins: what a restore needs before it can put one back.

    pyinfra inventory/<site>/hosts.py deploys/machines.py --limit NODE

The first lines of deploys/fleet.py, which is the whole story.
"""

from pyinfra.context import host

from deploys.base import base
from deploys.containerd import containerd
from deploys.disks import disks
from deploys.endpoint import endpoint
from deploys.kubernetes import prepare
from deploys.registry import registry

base()
disks()
containerd()

if "registry" in host.groups:
    registry()

if "control_plane" in host.groups:
    endpoint()

prepare()
