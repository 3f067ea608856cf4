"""Cross-checks: what the models cannot see, because it takes two places of the file to see it.

A check is a small generator over a Site; the tuples are the register. All run before anything is touched.
"""

from collections.abc import Callable, Iterator

from nightfleet.site.checks.backup import BACKUP
from nightfleet.site.checks.cephfs import CEPHFS
from nightfleet.site.checks.cloud import CLOUD
from nightfleet.site.checks.cluster import CLUSTER
from nightfleet.site.checks.disks import DISKS
from nightfleet.site.checks.endpoint import ENDPOINT
from nightfleet.site.checks.machines import MACHINES
from nightfleet.site.checks.networks import NETWORKS
from nightfleet.site.checks.nfs import NFS
from nightfleet.site.checks.ranges import RANGES
from nightfleet.site.checks.secrets import SECRETS
from nightfleet.site.checks.settings import SETTINGS
from nightfleet.site.checks.wisdom import WISDOM
from nightfleet.site.faults import Fault
from nightfleet.site.model import Site

Check = Callable[[Site], Iterator[Fault]]

OF_RANGES: tuple[Check, ...] = RANGES
OF_SECTIONS: tuple[Check, ...] = (*NETWORKS, *SETTINGS, *SECRETS, *DISKS, *CLOUD, *CEPHFS)
OF_FLEET: tuple[Check, ...] = (*MACHINES, *CLUSTER, *ENDPOINT, *BACKUP, *NFS)
CHECKS: tuple[Check, ...] = (*OF_RANGES, *OF_SECTIONS, *OF_FLEET)


def check(site: Site) -> list[Fault]:
    """Return every fault; what concerns single nodes waits until all ranges can be expanded."""
    faults = found(OF_RANGES, site)
    return faults + found(OF_SECTIONS if faults else OF_SECTIONS + OF_FLEET, site)


def warn(site: Site) -> list[Fault]:
    """Return what works but is seldom meant."""
    return found(WISDOM, site)


def found(checks: tuple[Check, ...], site: Site) -> list[Fault]:
    """Run the checks."""
    return [fault for check in checks for fault in check(site)]
