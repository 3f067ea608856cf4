"""endpoint, decided: haproxy before every API server, keepalived for the address. Pure."""

from dataclasses import dataclass
from pathlib import Path

from deploys.hostops.wanted import File, Link, Unit
from nightfleet.site import Node, Role, Site

TEMPLATES = Path(__file__).parent / "templates"
ETC = "/etc/nightfleet/endpoint"
PACKAGES = ("curl", "haproxy", "keepalived")
UNITS = "/etc/systemd/system"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Everything that endpoint puts on one control plane."""

    packages: tuple[str, ...]
    masks: tuple[Link, ...]
    files: tuple[File, ...]
    units: tuple[Unit, ...]


def refusals(site: Site, node: Node, carrier: str) -> list[str]:
    """Say why this host cannot hold the address; `carrier` is the interface of its own address."""
    if carrier or site.shared_endpoint.interface:
        return []
    address = f"no interface of {node.name} carries its address {node.address}"
    return [f"{address}, so it is not known where the virtual address belongs; set endpoint.interface"]


def plan(site: Site, node: Node, carrier: str) -> Wanted:
    """Decide what `node` gets. Its peers are the other control planes of the site file."""
    shared, servers = site.shared_endpoint, site.having(Role.CONTROL_PLANE)
    haproxy = File.from_template(
        f"{ETC}/haproxy.cfg",
        TEMPLATES / "haproxy.cfg.j2",
        port=shared.port,
        watch=watch_port(site),
        servers=servers,
    )
    keepalived = File.from_template(
        f"{ETC}/keepalived.conf",
        TEMPLATES / "keepalived.conf.j2",
        node=node,
        peers=[server for server in servers if server.name != node.name],
        interface=shared.interface or carrier,
        shared=shared,
        watch=watch_port(site),
    )
    services = [
        File(
            f"{UNITS}/nightfleet-{name}.service",
            (TEMPLATES / f"nightfleet-{name}.service").read_text("utf-8"),
        )
        for name in ("haproxy", "keepalived")
    ]
    return Wanted(
        packages=PACKAGES,
        masks=tuple(Link(f"{UNITS}/{name}.service", "/dev/null") for name in ("haproxy", "keepalived")),
        files=(haproxy, keepalived, *services),
        units=tuple(
            Unit(service.path.rpartition("/")[2], reads=(settings.path, service.path))
            for service, settings in zip(services, (haproxy, keepalived), strict=True)
        ),
    )


def watch_port(site: Site) -> int:
    """Return the port, on the loopback alone, where haproxy says how it is."""
    return site.shared_endpoint.port + 1 if site.shared_endpoint.port < 65535 else 65534
