"""From the site file to the lab: the one place where this package knows the site model."""

from nightfleet.errors import Exit, NightfleetError
from nightfleet.lab.spec import DiskSpec, HostSpec, LabSpec
from nightfleet.site import Node, Role, Site
from nightfleet.site.classes import Kind
from nightfleet.site.lab import Disk, Lab


def spec_from_site(site: Site) -> LabSpec:
    """The hosts, disks and network that a site asks for; refused for sites whose machines exist already.

    A VM on the lab's bridge is somebody else's: the lab makes containers.
    """
    if site.lab is None:
        raise NightfleetError(
            "this site has no `lab` section: its machines are not made here",
            str(site.path),
            "use --site lab, or add a `lab` section",
            Exit.USAGE,
        )
    return LabSpec(
        name=site.site,
        bridge=site.lab.bridge,
        gateway=f"{site.lab.gateway}/{site.network.nodes.prefixlen}",
        hosts=tuple(_host(node, site.lab) for node in site.fleet if node.machine.kind is Kind.CONTAINER),
    )


def _host(node: Node, lab: Lab) -> HostSpec:
    disks = {
        **lab.disks,
        **(lab.control_plane_disks if node.has(Role.CONTROL_PLANE) else {}),
        **(lab.registry_disks if node.has(Role.REGISTRY) else {}),
    }
    return HostSpec(node.name, str(node.address), tuple(_disk(name, disk) for name, disk in disks.items()))


def _disk(name: str, disk: Disk) -> DiskSpec:
    return DiskSpec(name, disk.mount, disk.size, disk.filesystem)
