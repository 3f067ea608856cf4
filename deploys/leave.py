"""How a machine is handed back, from top to bottom: deploys/fleet.py in reverse.

    pyinfra inventory/<site>/hosts.py deploys/leave.py --limit NODE

`nightfleet node leave NODE` runs it after the cluster has let the node go. Pods leave before their network:
that is the one place where the order is not exactly the other way round.
"""

from deploys.backup.undo import undo as undo_backup
from deploys.base.undo import undo as undo_base
from deploys.cachefilesd.undo import undo as undo_cachefilesd
from deploys.cephfs_client.undo import undo as undo_cephfs_client
from deploys.containerd.undo import undo as undo_containerd
from deploys.disks.undo import undo as undo_disks
from deploys.endpoint.undo import undo as undo_endpoint
from deploys.hostops import bring_record, report_progress
from deploys.kubernetes.undo import leave
from deploys.kubernetes.undo import undo as undo_kubernetes
from deploys.network.undo import undo as undo_network
from deploys.nfs_client.undo import undo as undo_nfs_client
from deploys.nfs_server.undo import undo as undo_nfs_server
from deploys.nfs_volumes.undo import undo as undo_nfs_volumes
from deploys.registry.undo import undo as undo_registry
from deploys.smoke.undo import undo as undo_smoke

report_progress()
bring_record(name="Have the record of what the machine was")
undo_smoke()
undo_nfs_volumes()
undo_backup()
leave()
undo_nfs_client()
undo_nfs_server()
undo_network()
undo_kubernetes()
undo_endpoint()
undo_registry()
undo_containerd()
undo_cephfs_client()
undo_cachefilesd()
undo_disks()
undo_base()
