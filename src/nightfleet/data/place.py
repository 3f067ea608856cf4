"""NODE:PATH: a folder on a node of the site."""

from dataclasses import dataclass
from typing import Self

from nightfleet.errors import Exit, NightfleetError
from nightfleet.site import Site
from nightfleet.site.shares import mounts_of


@dataclass(frozen=True, slots=True)
class Place:
    """One folder on one node."""

    node: str
    path: str

    @classmethod
    def parse(cls, word: str, site: Site) -> Self:
        """Read `lab-w1:/srv/team`. NightfleetError (exit 2) without such a node or an absolute path."""
        node, colon, path = word.partition(":")
        names = [one.name for one in site.fleet]
        if not colon or not path.startswith("/"):
            raise NightfleetError(
                f"{word!r} is no NODE:PATH",
                hint="NODE:PATH is such as lab-w1:/srv/cephfs/team",
                exit_code=Exit.USAGE,
            )
        if node not in names:
            raise NightfleetError(
                f"there is no node {node!r}", str(site.path), f"nodes: {', '.join(names[:8])}", Exit.USAGE
            )
        return cls(node, "/" + path.strip("/"))

    @property
    def name(self) -> str:
        """What its bag is called: `lab-w1-srv-cephfs-team`."""
        return "-".join([self.node, *self.path.strip("/").split("/")]).rstrip("-")

    def __str__(self) -> str:
        return f"{self.node}:{self.path}"


def places_of(site: Site) -> list[Place]:
    """Return every shared folder of the site: where it is served, else on the first node that mounts it."""
    found: dict[tuple[str, str], Place] = {}
    for node in site.fleet:
        for name, share in site.cephfs.of_class(node.class_name).items():
            found.setdefault(("cephfs", name), Place(node.name, share.at))
        for name, mount in mounts_of(site, node).items():
            if mount.server:
                found.setdefault(("mount", name), Place(node.name, mount.at))
    served = [Place(export.on, export.path) for export in site.nfs.exports.values()]
    return [*served, *found.values()]
