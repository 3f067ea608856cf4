"""Claims about shared storage: what is mounted is exported, to those who mount it, and cached or not."""

from collections.abc import Iterator
from itertools import combinations

from nightfleet.site.checks.places import below, is_the_systems
from nightfleet.site.faults import At, Fault
from nightfleet.site.model import Site
from nightfleet.site.nfs import Use
from nightfleet.site.nodes import Role
from nightfleet.site.shares import cached_on, may_mount, mounting, shares, source, uses
from nightfleet.site.words import nearest


def exports_lie_on_nodes(site: Site) -> Iterator[Fault]:
    names = [node.name for node in site.fleet]
    for name, export in site.nfs.exports.items():
        if export.on not in names:
            near = nearest(export.on, names)
            yield Fault(
                f"nfs.exports.{name}: there is no node {export.on!r}",
                ("nfs", "exports", name, "on"),
                f"did you mean {near!r}?"
                if near
                else "a node of this site; mount others' exports by `server`",
            )


def exports_are_folders_of_their_own(site: Site) -> Iterator[Fault]:
    for name, export in site.nfs.exports.items():
        at = ("nfs", "exports", name, "path")
        if is_the_systems(export.path) or ".." in export.path.split("/"):
            yield Fault(
                f"nfs.exports.{name}: {export.path} is not for others", at, "a folder like /srv/nfs/datasets"
            )
    for one, other in combinations(shares(site).values(), 2):
        nested = below(one.path, other.path) or below(other.path, one.path)
        if one.on == other.on and nested:
            yield Fault(
                f"nfs.exports: {one.name} and {other.name} lie in each other: {one.path}, {other.path}",
                ("nfs", "exports", other.name.partition("/")[0]),
                "folders side by side: who may mount the outer one sees the inner one too",
            )


def what_is_mounted_is_exported(site: Site) -> Iterator[Fault]:
    known = shares(site)
    for at, use in uses(site):
        where = ".".join(at)
        if use.export is None and not (use.server and use.path):
            yield Fault(
                f"{where} does not say what is mounted", at, "an export of this site; or server and path"
            )
        elif use.export is not None and (use.server or use.path):
            yield Fault(f"{where} names an export and a server", at, "one of them")
        elif use.export is not None and use.export not in known:
            near = nearest(use.export, known)
            inner = [name for name in known if name.startswith(f"{use.export}/")]
            hint = f"did you mean {near!r}?" if near else f"known: {', '.join(known) or 'none'}"
            hint = f"it is exported to each tenant apart: {', '.join(inner)}" if inner else hint
            yield Fault(f"{where}: there is no export {use.export!r}", (*at, "export"), hint)


def mounts_are_on_nodes(site: Site) -> Iterator[Fault]:
    names = {node.name for node in site.fleet}
    for name, mount in site.nfs.mounts.items():
        at = ("nfs", "mounts", name, "on")
        try:
            unknown = [one for one in mounting(site, mount) if one not in names]
        except ValueError as error:
            yield Fault(f"nfs.mounts.{name}.on: {error}", at, "names or a range, like gpu-[1-8]")
            continue
        if unknown:
            yield Fault(f"nfs.mounts.{name}: there is no node {unknown[0]!r}", at, "see `nodes`")


def mount_points_are_free(site: Site) -> Iterator[Fault]:
    for name, mount in site.nfs.mounts.items():
        if is_the_systems(mount.at):
            yield Fault(
                f"nfs.mounts.{name}: {mount.at} is not to be hidden under a mount",
                ("nfs", "mounts", name, "at"),
                "a folder like /mnt/datasets",
            )
    for (name, one), (other_name, other) in combinations(site.nfs.mounts.items(), 2):
        if (below(one.at, other.at) or below(other.at, one.at)) and set(nodes_of(site, name)) & set(
            nodes_of(site, other_name)
        ):
            yield Fault(
                f"nfs.mounts: {name} and {other_name} are both at {other.at}",
                ("nfs", "mounts", other_name, "at"),
                "each in a folder of its own, side by side",
            )


def nodes_of(site: Site, name: str) -> list[str]:
    """Return the nodes of a mount; none while its range cannot be read, which mounts_are_on_nodes tells."""
    try:
        return mounting(site, site.nfs.mounts[name])
    except ValueError:
        return []


def clients_are_let_in(site: Site) -> Iterator[Fault]:
    known = shares(site)
    for at, use in uses(site):
        if use.export not in known:
            continue
        share = known[str(use.export)]
        workers = [node.name for node in site.having(Role.WORKER)]
        wanted = nodes_of(site, at[2]) if at[1] == "mounts" else workers
        out = [n.name for n in site.fleet if n.name in wanted and not may_mount(share, n.address)]
        if out:
            yield Fault(
                f"{'.'.join(at)}: {share.name} does not let {out[0]} in",
                (*at, "export"),
                f"its clients are {', '.join(map(str, share.clients))}",
            )


def a_share_is_cached_or_not(site: Site) -> Iterator[Fault]:
    """Mounts of one export share a superblock: whoever comes first decides about the cache for all."""
    first: dict[tuple[str, str, str], tuple[At, Use]] = {}
    for at, use in uses(site):
        try:
            server, path = source(site, use)
        except KeyError:
            continue  # what_is_mounted_is_exported, exports_lie_on_nodes tell
        before_at, before = first.setdefault((server, path, use.version), (at, use))
        if before.cache != use.cache and meet(site, before_at, at):
            yield Fault(
                f"{'.'.join(at)}: {path} is cached here, and not in {'.'.join(map(str, before_at))}"
                if use.cache
                else f"{'.'.join(at)}: {path} is not cached here, but in {'.'.join(map(str, before_at))}",
                (*at, "cache"),
                "the kernel has one superblock for both, and the first one mounted decides: say the same",
            )


def meet(site: Site, one: At, other: At) -> bool:
    """Tell whether two mounts can be on the same node."""
    workers = [node.name for node in site.having(Role.WORKER)]
    on = [nodes_of(site, str(at[2])) if at[1] == "mounts" else workers for at in (one, other)]
    return bool(set(on[0]) & set(on[1]))


def cache_limits_have_an_order(site: Site) -> Iterator[Fault]:
    limits = [site.cache.stop, site.cache.cull, site.cache.run]
    if any(limits) and not all(limits):
        yield Fault("cache: run, cull and stop belong together", ("cache",), "say all three, or none")
    elif all(limits) and not (limits[0] or 0) < (limits[1] or 0) < (limits[2] or 0):
        yield Fault(
            f"cache: stop {limits[0]} %, cull {limits[1]} %, run {limits[2]} % free are in no order",
            ("cache",),
            "stop < cull < run, like 3, 7, 10",
        )


def a_dedicated_cache_has_a_disk(site: Site) -> Iterator[Fault]:
    if site.cache.disk != "dedicated":
        return
    for node in site.fleet:
        layout = site.layout(node)
        try:
            cached = cached_on(site, node)
        except ValueError:
            return  # a range that cannot be read: mounts_are_on_nodes tells
        if cached and not (layout and layout.fscache):
            yield Fault(
                f"cache.disk is dedicated, and {node.name} has no filesystem for it",
                ("cache", "disk"),
                f"fscache in disks.{node.class_name}, or `disk: auto`",
            )
            return


NFS = (
    exports_lie_on_nodes,
    exports_are_folders_of_their_own,
    what_is_mounted_is_exported,
    mounts_are_on_nodes,
    mount_points_are_free,
    clients_are_let_in,
    a_share_is_cached_or_not,
    cache_limits_have_an_order,
    a_dedicated_cache_has_a_disk,
)
