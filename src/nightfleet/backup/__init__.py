"""Backups of a cluster: made by its control planes, listed, checked, fetched, opened; and put back.

key       the operator's key pair; opening what was encrypted to it (age)
bag       one backup as a value; what its bag (RFC 8493) must look like
shelves   where backups lie: control planes, and the node that keeps copies
now       a backup at once
restore   a cluster from a backup
"""

from nightfleet.backup.bag import Bag
from nightfleet.backup.now import backup_now
from nightfleet.backup.shelves import newest

__all__ = ["Bag", "backup_now", "newest"]
