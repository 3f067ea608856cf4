"""A cluster from a backup: on control planes whose etcd is gone, or on a new machine.

plan      what is restored where, or why not (pure)
look      what the control planes say of themselves
host.sh   the steps on a control plane, each safe to repeat
attempt   one restore in the ledger: what is done already, what comes next
run       the whole of it
"""

from nightfleet.backup.restore.plan import Plan
from nightfleet.backup.restore.run import Restored, prepare, restore

__all__ = ["Plan", "Restored", "prepare", "restore"]
