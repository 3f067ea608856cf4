"""Claims about backups: copies go to another machine, and nobody is told of a schedule that cannot work."""

from collections.abc import Iterator

from nightfleet.site.checks.ranges import readable
from nightfleet.site.faults import Fault
from nightfleet.site.model import Site
from nightfleet.site.nodes import Role
from nightfleet.site.words import nearest


def copies_go_to_a_node(site: Site) -> Iterator[Fault]:
    wanted = site.backup.copy_to
    names = {name for members in readable(site) for name in members.names}
    if wanted and wanted not in names:
        near = nearest(wanted, names)
        yield Fault(
            f"backup.copy_to: there is no node {wanted!r}",
            ("backup", "copy_to"),
            f"did you mean {near!r}?" if near else "a node of this site that keeps copies",
        )


def copies_go_elsewhere(site: Site) -> Iterator[Fault]:
    planes = [node.name for node in site.having(Role.CONTROL_PLANE)]
    if planes == [site.backup.copy_to]:
        yield Fault(
            f"backup.copy_to: {planes[0]!r} is where the backups are made",
            ("backup", "copy_to"),
            "another node: a copy beside the original is lost with it",
        )


BACKUP = (copies_go_to_a_node, copies_go_elsewhere)
