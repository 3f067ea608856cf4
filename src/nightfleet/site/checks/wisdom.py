"""What is allowed, and yet seldom meant: warnings of `nightfleet site check`."""

from collections.abc import Iterator

from nightfleet.site.classes import Kind
from nightfleet.site.faults import Fault
from nightfleet.site.model import Site
from nightfleet.site.nodes import Role


def classes_are_used(site: Site) -> Iterator[Fault]:
    used = {entry.class_ for entry in site.nodes.values()}
    for name in site.classes:
        if name not in used:
            yield Fault(
                f"no node is of class {name!r}", ("classes", name), "take it out, or give it to nodes"
            )


def several_control_planes_share_an_endpoint(site: Site) -> Iterator[Fault]:
    if (
        len(site.having(Role.CONTROL_PLANE)) > 1
        and site.kubernetes.endpoint is None
        and site.shared_endpoint.virtual_address is None
    ):
        yield Fault(
            f"all nodes reach the API through {site.first_control_plane.name} alone",
            ("kubernetes",),
            "set endpoint.virtual_address to a free address of network.nodes, or kubernetes.endpoint to a"
            " load balancer or a DNS name with several addresses",
        )


def somebody_works(site: Site) -> Iterator[Fault]:
    if not site.having(Role.WORKER):
        yield Fault("no node has the role 'worker'", ("nodes",), "pods will find no place to run")


def desktops_keep_their_swap(site: Site) -> Iterator[Fault]:
    for name, machine in site.classes.items():
        if machine.kind is Kind.DESKTOP and machine.swap == "off":
            yield Fault(
                f"classes.{name}: borrowed desktops lose their swap for good",
                ("classes", name),
                "write 'swap: keep'; day users count on it",
            )


def backups_leave_the_control_planes(site: Site) -> Iterator[Fault]:
    backup = site.backup
    if backup.on_schedule and not backup.copy_to:
        yield Fault(
            "backups stay on the control planes, and are lost with them",
            ("backup",),
            "backup.copy_to names a node that gets a copy of each",
        )


def shared_folders_are_not_sticky(site: Site) -> Iterator[Fault]:
    for name, export in site.nfs.exports.items():
        if len(export.mode) == 4 and int(export.mode[0]) & 1 and export.squash != "none":
            yield Fault(
                f"nfs.exports.{name}: in a sticky folder, mode {export.mode}, squashed users cannot open"
                " their own files again (fs.protected_regular)",
                ("nfs", "exports", name, "mode"),
                f"mode '{export.mode[1:]}'; or quotas and tenants, to keep users apart",
            )


WISDOM = (
    classes_are_used,
    several_control_planes_share_an_endpoint,
    somebody_works,
    desktops_keep_their_swap,
    backups_leave_the_control_planes,
    shared_folders_are_not_sticky,
)
