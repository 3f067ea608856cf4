"""Looking at the tool, the credentials and the cloud, for checkup.py. Changes nothing."""

import socket
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from nightfleet.cloud import leftovers
from nightfleet.cloud.checkup import DATA, LEAST, NEEDED, OPTIONAL, Seen, judge
from nightfleet.cloud.project import connect, first_line, room, section
from nightfleet.cloud.terraform import Terraform
from nightfleet.errors import NightfleetError
from nightfleet.finding import Finding
from nightfleet.site import Site

CONNECT = 3.0  # seconds for a node's sshd
PORT = 22


def examine(site: Site) -> tuple[Finding, ...]:
    """Return what is well and what is not. NightfleetError only when there are no credentials that work."""
    cloud = section(site)
    return judge(cloud, look(site), datetime.now(UTC))


def look(site: Site) -> Seen:
    """Ask everybody, and note who does not answer."""
    tool = _tool(site)
    connection = connect(section(site))
    services = frozenset(name for name in (*NEEDED, DATA, *OPTIONAL) if connection.has_service(name))
    silent, versions = _endpoints(connection, services)
    nodes = site.handover.nodes if site.handover else {}
    machines = [one for one in connection.compute.servers() if one.name in nodes] if nodes else []
    images = {str(one.image.id) for one in machines if one.image and one.image.id}
    return Seen(
        tool=tool,
        auth_type=str(connection.config.config.get("auth_type", "")).lower(),
        expires=_expires(connection),
        services=services,
        microversions=versions,
        silent=silent,
        room=room(connection),
        buses={name: bus for one in images for name, bus in _bus(connection, one)},
        servers={one.name: one.status for one in machines},
        closed=closed({name: str(node.address) for name, node in nodes.items()}),
        leftovers=_leftovers(site, connection),
    )


def _tool(site: Site) -> str | None:
    try:
        return Terraform.of(site).version()
    except NightfleetError:
        return None


def _endpoints(connection: Any, services: Iterable[str]) -> tuple[dict[str, str], dict[str, tuple[int, int]]]:
    """Return who does not answer and why, and the newest microversion of those that matter."""
    silent: dict[str, str] = {}
    versions: dict[str, tuple[int, int]] = {}
    for name in services:
        adapter = getattr(connection, name.replace("-", "_"), None)
        try:
            if adapter is None:  # openstacksdk has no module for it
                connection.session.get("/", endpoint_filter={"service_type": name}, raise_exc=False)
                continue
            data = adapter.get_endpoint_data()
            if name in LEAST and data and data.max_microversion:
                versions[name] = tuple(data.max_microversion)
        except Exception as error:  # whatever it is: it does not answer
            silent[name] = first_line(error)
    return silent, versions


def _expires(connection: Any) -> datetime | None:
    try:
        expires: datetime = connection.session.auth.get_access(connection.session).expires
    except Exception:  # kinds of credentials without a token
        return None
    return expires if expires.tzinfo else expires.replace(tzinfo=UTC)


def _bus(connection: Any, identity: str) -> Iterable[tuple[str, str | None]]:
    image = connection.image.find_image(identity, ignore_missing=True)
    if image is not None:
        yield image.name, image.hw_disk_bus


def _leftovers(site: Site, connection: Any) -> tuple[str, ...]:
    """Return machines and volumes of this site's name that its outputs do not know."""
    if site.handover is None:
        return ()
    known = {node.instance_id for node in site.handover.nodes.values()}
    known |= {disk.id for node in site.handover.nodes.values() for disk in node.volumes.values()}
    found = leftovers.of_cluster(connection, site.handover.name)
    return tuple(f"{thing.kind} {thing.name!r} ({thing.id})" for thing in found if thing.id not in known)


def closed(addresses: dict[str, str]) -> dict[str, str]:
    """Return the nodes whose sshd does not answer from here, and why."""

    def knock(address: str) -> str:
        try:
            socket.create_connection((address, PORT), CONNECT).close()
        except OSError as error:
            return error.strerror or str(error)
        return ""

    return {name: why for name, why in _each(addresses, knock).items() if why}


def _each(addresses: dict[str, str], ask: Callable[[str], str]) -> dict[str, str]:
    with ThreadPoolExecutor(32) as pool:
        return dict(zip(addresses, pool.map(ask, addresses.values()), strict=True))
