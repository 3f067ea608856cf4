"""What every operation on nodes looks at before it decides: nodes, etcd, the maintenance window."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from nightfleet.cluster import etcd
from nightfleet.cluster.api import Api
from nightfleet.cluster.nodes import NodeView, nodes
from nightfleet.cluster.ssh import Shell
from nightfleet.errors import NightfleetError
from nightfleet.site import Role, Site


@dataclass(frozen=True, slots=True)
class Watched:
    """The cluster as it is now. `faults` says what could not be seen, and why: unknown is not well."""

    nodes: Mapping[str, NodeView]
    members: tuple[etcd.Member, ...]
    window: str = ""  # why this is not the time; "" when it is
    faults: tuple[str, ...] = ()


def watch(site: Site, api: Api, shell: Shell, now: datetime | None = None) -> Watched:
    """Look. An etcd that does not answer is a fault that is told, not raised."""
    views = nodes(api)
    there = [name for name in control_planes(site) if name in views]
    try:
        members = etcd.members(shell, there)
        faults: tuple[str, ...] = ()
    except NightfleetError as error:
        members, faults = (), (str(error).splitlines()[0],)
    return Watched(views, members, why_not_now(site, now or datetime.now(UTC)), faults)


def control_planes(site: Site) -> Sequence[str]:
    """Return the names of the site's control planes, the first one first."""
    return [node.name for node in site.having(Role.CONTROL_PLANE)]


def why_not_now(site: Site, now: datetime) -> str:
    """Say when the next window opens; "" when one is open. Pure."""
    if site.maintenance.open_at(now, site.base.timezone):
        return ""
    opens = site.maintenance.next_opening(now, site.base.timezone)
    when = f"; the next one opens on {opens:%a %Y-%m-%d at %H:%M}" if opens else ""
    return f"this is outside the maintenance windows{when}"
