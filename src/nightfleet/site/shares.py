"""Shares, resolved: every export by its name, and what each node mounts of them. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from nightfleet.site.model import Site
from nightfleet.site.nfs import Export, Mount, Use
from nightfleet.site.nodes import Node, Role
from nightfleet.site.ranges import names_of


@dataclass(frozen=True, slots=True)
class Share:
    """One folder that is exported by itself."""

    name: str  # datasets, or datasets/vision
    on: str  # the node that serves it
    path: str
    clients: tuple[IPv4Network, ...]
    quota: str | None
    export: Export


def shares(site: Site) -> dict[str, Share]:
    """Return what is exported, by name; an export with tenants is exported as their folders alone."""
    found = {}
    for name, export in site.nfs.exports.items():
        everybody = export.clients or (site.network.nodes,)
        if not export.tenants:
            found[name] = Share(name, export.on, export.path, everybody, export.quota, export)
        for tenant, own in export.tenants.items():
            whole = f"{name}/{tenant}"
            path = f"{export.path.rstrip('/')}/{tenant}"
            found[whole] = Share(
                whole, export.on, path, own.clients or everybody, own.quota or export.quota, export
            )
    return found


def served_by(site: Site, node: Node) -> list[Share]:
    """Return what a node exports."""
    return [share for share in shares(site).values() if share.on == node.name]


def source(site: Site, use: Use) -> tuple[str, str]:
    """Return server and path of what is mounted. KeyError when there is no such share."""
    if use.export is None:
        return str(use.server), str(use.path)
    share = shares(site)[use.export]
    return str(site.node(share.on).address), share.path


def mounting(site: Site, mount: Mount) -> list[str]:
    """Return the nodes that a mount is for. ValueError when its range cannot be read."""
    if mount.on is None:
        return [node.name for node in site.having(Role.WORKER)]
    return names_of(mount.on)


def mounts_of(site: Site, node: Node) -> dict[str, Mount]:
    """Return what a node mounts itself."""
    return {name: mount for name, mount in site.nfs.mounts.items() if node.name in mounting(site, mount)}


def cached_on(site: Site, node: Node) -> bool:
    """Tell whether anything is read through the local cache of a node: its mounts, or volumes of pods."""
    folders = site.cephfs.of_class(node.class_name).values()
    of_pods = (*site.nfs.classes.values(), *site.nfs.volumes.values()) if node.has(Role.WORKER) else ()
    own = mounts_of(site, node).values()
    return any(
        (*(one.cache for one in own), *(one.cache for one in folders), *(one.cache for one in of_pods))
    )


def uses(site: Site) -> Iterator[tuple[tuple[str, str, str], Use]]:
    """Yield everything that is mounted, with its place in the file."""
    for kind in ("mounts", "classes", "volumes"):
        for name, use in getattr(site.nfs, kind).items():
            yield ("nfs", kind, name), use


def may_mount(share: Share, address: IPv4Address) -> bool:
    """Tell whether a machine is among the clients of a share."""
    return any(address in network for network in share.clients)
