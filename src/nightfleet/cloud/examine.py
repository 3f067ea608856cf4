"""Looking at the tool, the credentials and the cloud, for checkup.py. Changes nothing.

Each question is put by itself: a service that is down is a finding, and the others are asked all the same.
"""

import re
import socket
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, TypeVar

from nightfleet.cloud import leftovers
from nightfleet.cloud.checkup import DATA, GONE, LEAST, MISSING, NEEDED, OPTIONAL, Seen, judge
from nightfleet.cloud.copies import overdue
from nightfleet.cloud.project import cloud_errors, connect, first_line, room, section
from nightfleet.cloud.shelf import Shelf, volumes_of
from nightfleet.cloud.terraform import Terraform
from nightfleet.errors import NightfleetError
from nightfleet.finding import Finding
from nightfleet.site import Site
from nightfleet.site.handover import CloudNode

CONNECT = 3.0  # seconds for a node's sshd
ANSWER = 5.0  # seconds for a service's own page
ASKED = 30.0  # seconds for one question
PORT = 22
IMAGE = re.compile(r'^\s*image\s*=\s*"([^"]+)"', re.MULTILINE)  # as the examples' terraform.tfvars have it
Found = TypeVar("Found")


def examine(site: Site) -> tuple[Finding, ...]:
    """Return what is well and what is not. NightfleetError only when there are no credentials that work."""
    cloud = section(site)
    return judge(cloud, look(site), datetime.now(UTC))


def look(site: Site) -> Seen:
    """Ask everybody, and note who does not answer."""
    tool = _tool(site)
    connection = connect(section(site))
    connection.session.timeout = ASKED
    services = frozenset(name for name in (*NEEDED, DATA, *OPTIONAL) if connection.has_service(name))
    silent = silent_services(connection, services)
    asking = Asking(services - silent.keys())
    nodes = site.handover.nodes if site.handover else {}
    servers, left, late = None, None, None
    if nodes:
        servers = asking("compute", "machines", lambda: list(connection.compute.servers()))
        left = asking("compute", "left over", lambda: _leftovers(site, connection))
    if volumes_of(site):
        late = asking(DATA, "copies of volumes", lambda: _overdue(site, connection))
    machines = [one for one in servers or () if one.name in nodes]
    images = {str(one.image.id) for one in machines if one.image and one.image.id} | planned_images(site)
    found = asking("image", "images", lambda: buses(connection, images)) if images else None
    return Seen(
        tool=tool,
        auth_type=str(connection.config.config.get("auth_type", "")).lower(),
        expires=_expires(connection),
        services=services,
        microversions=_microversions(connection, asking.services),
        silent=silent,
        room=room(connection),
        buses=found or {},
        servers={} if servers is None else statuses(nodes, servers),
        closed=closed({name: str(node.address) for name, node in nodes.items()}),
        leftovers=left or (),
        overdue=late or (),
        unseen=asking.unseen,
    )


class Asking:
    """Puts questions to `services`, which answer, and notes in `unseen` what could not be looked at."""

    def __init__(self, services: frozenset[str]) -> None:
        self.services = services
        self.unseen: dict[str, str] = {}

    def __call__(self, service: str, what: str, ask: Callable[[], Found]) -> Found | None:
        """Return the answer; None when there is none."""
        if service not in self.services:
            self.unseen[what] = f"{service} does not answer"
            return None
        try:
            with cloud_errors(service, "list"):
                return ask()
        except NightfleetError as error:
            self.unseen[what] = error.what
            return None


def statuses(nodes: Mapping[str, CloudNode], servers: Iterable[Any]) -> dict[str, str]:
    """Return each node's status; GONE when the cloud has no such server any more. Pure."""
    listed = tuple(servers)
    known = {one.id: str(one.status) for one in listed} | {one.name: str(one.status) for one in listed}
    return {name: known.get(node.instance_id or name, GONE) for name, node in nodes.items()}


def planned_images(site: Site) -> set[str]:
    """Return the image that terraform.tfvars names, where it does so in one line."""
    path = site.file(section(site).directory) / "terraform.tfvars"
    return set(IMAGE.findall(path.read_text(encoding="utf-8"))) if path.is_file() else set()


def silent_services(connection: Any, services: Iterable[str]) -> dict[str, str]:
    """Return who does not answer and why. Any answer below 500 is one: a service's root may want a token.

    Asked without openstacksdk's own discovery, which takes a dead endpoint for one without versions.
    """

    def knock(name: str) -> str:
        config = connection.config
        where = {"interface": config.get_interface(name), "region_name": config.get_region_name(name)}
        try:
            url = connection.session.get_endpoint(service_type=name, skip_discovery=True, **where)
            said = connection.session.get(url, authenticated=False, raise_exc=False, timeout=ANSWER)
        except Exception as error:  # whatever it is: it does not answer
            return first_line(error)
        return f"HTTP {said.status_code}" if said.status_code >= 500 else ""

    return {name: why for name, why in _each({name: name for name in services}, knock).items() if why}


def _microversions(connection: Any, services: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Return the newest microversion of those that matter; nothing for those that do not tell."""
    found = {}
    for name in LEAST.keys() & services:
        try:
            data = getattr(connection, name.replace("-", "_")).get_endpoint_data()
        except Exception:  # not known, which is what checkup.py says then
            continue
        if data and data.max_microversion:
            found[name] = tuple(data.max_microversion)
    return found


def _tool(site: Site) -> str | None:
    try:
        return Terraform.of(site).version()
    except NightfleetError:
        return None


def _expires(connection: Any) -> datetime | None:
    try:
        expires: datetime = connection.session.auth.get_access(connection.session).expires
    except Exception:  # kinds of credentials without a token
        return None
    return expires if expires.tzinfo else expires.replace(tzinfo=UTC)


def buses(connection: Any, images: Iterable[str]) -> dict[str, str | None]:
    """Return the disk bus of each image, by name or id; MISSING for one that is not there."""
    found = {}
    for name in sorted(images):
        image = connection.image.find_image(name, ignore_missing=True)
        found[name if image is None else image.name] = MISSING if image is None else image.hw_disk_bus
    return found


def _leftovers(site: Site, connection: Any) -> tuple[str, ...]:
    """Return machines and volumes of this site's name that its outputs do not know."""
    if site.handover is None:
        return ()
    known = {node.instance_id for node in site.handover.nodes.values()}
    known |= {disk.id for node in site.handover.nodes.values() for disk in node.volumes.values()}
    found = leftovers.of_cluster(connection, site.handover.name)
    return tuple(f"{thing.kind} {thing.name!r} ({thing.id})" for thing in found if thing.id not in known)


def _overdue(site: Site, connection: Any) -> tuple[str, ...]:
    """Return the volumes of a use that is copied and whose newest good copy is too old."""
    copies, every = Shelf.of(site, connection).all(), section(site).backups.every
    late = overdue(volumes_of(site), copies, datetime.now(UTC), every)
    return tuple(volume.key for volume in late)


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
