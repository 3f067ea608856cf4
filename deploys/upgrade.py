"""What happens to a member that gets new versions, once its pods have left.

    pyinfra inventory/<site>/hosts.py deploys/upgrade.py --limit NODE

`nightfleet upgrade run` calls it node by node, between drain and uncordon: control planes one at a time, the
first one first. Run again, it goes on from where it was.
"""

from pyinfra.context import host

from deploys.containerd import containerd
from deploys.kubernetes import advance, hand_over

containerd()
advance()

if "first_control_plane" in host.groups:
    hand_over()
