"""Which machines stand on a lease: Blazar deletes every one of them when the lease ends."""

from collections.abc import Iterable
from typing import Any

from nightfleet.cloud.lease import Lease
from nightfleet.cloud.orphans import TAG
from nightfleet.cloud.project import cloud_errors

KEY = "lease"  # of a machine's metadata; terraform/examples/gpu-cluster writes it


def standing(connection: Any, leases: Iterable[Lease]) -> tuple[str, ...]:
    """Return the names of the project's machines that stand on one of these leases."""
    listed = tuple(leases)
    with cloud_errors("compute", "list the servers that may stand on the lease"):
        servers = list(connection.compute.servers()) if listed else []
    return tuple(sorted(one.name for one in servers if any(stands(one, lease) for lease in listed)))


def stands(server: Any, lease: Lease) -> bool:
    """Tell whether a machine stands on a lease: by its flavor, its hint (Nova 2.100) or its metadata."""
    flavor = server.flavor or {}
    if lease.flavor and lease.flavor in (flavor.get("original_name"), flavor.get("name")):
        return True
    hint = (server.scheduler_hints or {}).get("reservation")
    if lease.reservation and lease.reservation in (hint if isinstance(hint, list) else [hint]):
        return True
    metadata = server.metadata or {}
    return TAG in metadata and metadata.get(KEY) == lease.name
