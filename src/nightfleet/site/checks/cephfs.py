"""Claims about CephFS: what is to be mounted can be, and no two mounts are in each other's way."""

from collections.abc import Iterator
from itertools import combinations

from nightfleet.site.cephfs import Driver
from nightfleet.site.checks.nfs import nodes_of
from nightfleet.site.checks.places import below, is_the_systems
from nightfleet.site.faults import Fault
from nightfleet.site.model import Site
from nightfleet.site.words import nearest


def shares_have_a_cluster(site: Site) -> Iterator[Fault]:
    if site.cephfs.shares and not site.cephfs.monitors:
        yield Fault(
            "cephfs.shares: there is no monitor to ask for them",
            ("cephfs",),
            "cephfs.monitors lists their addresses: `ceph mon dump`",
        )


def shares_are_mounted_by_classes_that_exist(site: Site) -> Iterator[Fault]:
    for name, share in site.cephfs.shares.items():
        for wanted in share.classes:
            if wanted not in site.classes:
                near = nearest(wanted, site.classes)
                yield Fault(
                    f"cephfs.shares.{name}.classes: there is no class {wanted!r}",
                    ("cephfs", "shares", name, "classes"),
                    f"did you mean {near!r}?" if near else "a class of this site",
                )


def shares_have_places_of_their_own(site: Site) -> Iterator[Fault]:
    for name, share in site.cephfs.shares.items():
        if is_the_systems(share.at.rstrip("/") or "/"):
            yield Fault(
                f"cephfs.shares.{name}.at: {share.at} belongs to the system",
                ("cephfs", "shares", name, "at"),
                f"a folder of its own, such as /srv/cephfs/{name}",
            )
    for (first, one), (second, other) in combinations(site.cephfs.shares.items(), 2):
        if below(one.at, other.at) or below(other.at, one.at):
            yield Fault(
                f"cephfs.shares: {first} at {one.at} and {second} at {other.at} cover each other",
                ("cephfs", "shares", second, "at"),
                "folders side by side",
            )


def shares_and_mounts_are_apart(site: Site) -> Iterator[Fault]:
    for name, share in site.cephfs.shares.items():
        on = {node.name for node in site.fleet if name in site.cephfs.of_class(node.class_name)}
        for other, mount in site.nfs.mounts.items():
            nested = below(share.at, mount.at) or below(mount.at, share.at)
            if nested and on & set(nodes_of(site, other)):
                yield Fault(
                    f"cephfs.shares.{name} at {share.at}, nfs.mounts.{other} at {mount.at}:"
                    " one hides another",
                    ("cephfs", "shares", name, "at"),
                    "folders side by side",
                )


def caches_need_the_kernels_client(site: Site) -> Iterator[Fault]:
    for name, share in site.cephfs.shares.items():
        if share.cache and site.cephfs.driver is Driver.FUSE:
            yield Fault(
                f"cephfs.shares.{name}.cache: ceph-fuse has no cache on disk",
                ("cephfs", "shares", name, "cache"),
                "driver: auto or kernel, or no cache",
            )


def csi_knows_its_cluster(site: Site) -> Iterator[Fault]:
    if site.cephfs.csi and not site.cephfs.fsid:
        yield Fault(
            "cephfs.csi: ceph-csi calls clusters by their fsid, which is not said",
            ("cephfs", "csi"),
            "cephfs.fsid: `ceph fsid` prints it",
        )


CEPHFS = (
    shares_have_a_cluster,
    shares_are_mounted_by_classes_that_exist,
    shares_have_places_of_their_own,
    shares_and_mounts_are_apart,
    caches_need_the_kernels_client,
    csi_knows_its_cluster,
)
