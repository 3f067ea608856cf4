"""cephfs_client, checked by what the kernel has mounted, by another node's eyes, and by what is refused."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from testinfra.host import Host

from nightfleet.site import Node, Site
from nightfleet.site.cephfs import Share

KINDS = ("ceph", "fuse.ceph-fuse")
LOOK = (
    "timeout 60 stat %s/. >/dev/null &&"
    " findmnt --noheadings --output FSTYPE,OPTIONS --types %s --mountpoint %s"
)


def shares(site: Site, node: Node) -> dict[str, Share]:
    """Return what a node mounts."""
    return site.cephfs.of_class(node.class_name)


def mounts(site: Site, node: Node) -> bool:
    """Whether the node mounts anything."""
    return bool(shares(site, node))


def caches(site: Site, node: Node) -> bool:
    """Whether the node should keep what it read."""
    return any(share.cache for share in shares(site, node).values())


def offers(site: Site, _node: Node) -> bool:
    """Whether there is anything to tell Kubernetes."""
    return bool(site.cephfs.shares)


pytestmark = pytest.mark.on(when=mounts)


def mounted(host: Host, at: str) -> tuple[str, set[str]]:
    """Look at a place, and return what is mounted there: kind and options."""
    kind, options = host.check_output(LOOK, at, ",".join(KINDS), at).split()
    return kind, set(options.split(","))


def test_whoever_looks_finds_every_share_mounted(host: Host, site: Site, node: Node) -> None:
    for name, share in shares(site, node).items():
        kind, options = mounted(host, share.at)
        assert kind in KINDS, name
        assert ("ro" in options) is share.read_only, name


def test_nothing_is_waited_for_at_boot(host: Host, site: Site, node: Node) -> None:
    for share in shares(site, node).values():
        unit = host.check_output("systemd-escape --path --suffix=automount %s", share.at)
        assert host.check_output("systemctl is-enabled %s", unit) == "enabled"
        mount = unit.replace(".automount", ".mount")
        assert host.run("systemctl is-enabled %s", mount).stdout.strip() == "static"


def test_another_node_sees_what_is_written_here(host: Host, site: Site, node: Node, reach: Any) -> None:
    for name, share in shares(site, node).items():
        others = [one.name for one in site.fleet if one.name != node.name and name in shares(site, one)]
        if share.read_only or not others:
            continue
        with note(host, share.at, node.name) as (path, text):
            assert reach.host(others[0]).check_output("timeout 60 cat %s", path) == text, f"on {others[0]}"


@contextmanager
def note(host: Host, folder: str, node: str) -> Iterator[tuple[str, str]]:
    """Write a file into a share, and yield its path and text; gone when the block ends."""
    path, text = f"{folder}/.nightfleet-verify-{node}-{uuid.uuid4()}", str(uuid.uuid4())
    host.check_output('timeout 60 sh -c \'printf %%s "$1" >"$2"\' - %s %s', text, path)
    try:
        yield path, text
    finally:
        host.run("rm -f %s", path)


@contextmanager
def empty_place(host: Host) -> Iterator[str]:
    """Yield a new folder of the host; whatever is mounted on it in the block goes with it."""
    place = host.check_output("mktemp -d /run/nightfleet-verify.XXXXXX")
    try:
        yield place
    finally:
        host.run("umount %s 2>/dev/null; rmdir %s", place, place)


def test_its_client_may_mount_nothing_else(host: Host, site: Site, node: Node) -> None:
    for share in shares(site, node).values():
        if share.path == "/":
            continue
        kind, _ = mounted(host, share.at)
        with empty_place(host) as place:
            said = host.run(elsewhere(site, share, kind), place)
        assert said.rc != 0, f"client.{share.client} may mount /, so its scope is not {share.path}"


def elsewhere(site: Site, share: Share, kind: str) -> str:
    """Return a command that mounts the root of the file system; %s is where."""
    who = share.client
    if kind == "fuse.ceph-fuse":
        return f"timeout 60 ceph-fuse -n client.{who} -r / --client_fs={site.cephfs.filesystem} %s"
    monitors = ",".join(f"{monitor}:6789" for monitor in site.cephfs.monitors)
    secret = f"/etc/ceph/ceph.client.{who}.secret"
    options = f"name={who},secretfile={secret},mds_namespace={site.cephfs.filesystem},ro"
    return f"timeout 60 mount -t ceph {monitors}:/ %s -o {options}"


def test_keys_are_for_root_alone_and_in_no_command_line(host: Host, site: Site, node: Node) -> None:
    for share in shares(site, node).values():
        file = f"/etc/ceph/ceph.client.{share.client}.keyring"
        assert host.check_output("stat -c '%%a %%U' %s", file) == "600 root"
        key = "$(sed -n 's/.*key = //p' %s)"
        seen = host.run(
            f"grep -laF -e {key} /proc/[0-9]*/cmdline /etc/systemd/system/*.mount 2>/dev/null", file
        )
        shown = [path for path in seen.stdout.split() if "self" not in path]
        assert not [path for path in shown if host.run("grep -q grep %s", path).rc != 0], shown


@pytest.mark.on(when=caches)
def test_a_cached_share_is_really_cached(host: Host, site: Site, node: Node) -> None:
    seen = {name: mounted(host, share.at) for name, share in shares(site, node).items() if share.cache}
    cached = {name: options for name, (kind, options) in seen.items() if kind == "ceph"}  # ceph-fuse has none
    for name, options in cached.items():
        assert "fsc" in {one.partition("=")[0] for one in options}, name
    if cached:
        assert host.run("systemctl is-active nightfleet-cachefilesd.service").stdout.strip() == "active"
        assert " ceph," in host.check_output("cat /proc/fs/fscache/volumes")


@pytest.mark.on("first_control_plane", when=offers)
def test_the_objects_for_kubernetes_are_there_to_be_applied(host: Host, site: Site) -> None:
    text = host.file("/etc/nightfleet/cephfs/volumes.yaml").content_string
    assert text.count("kind: PersistentVolume") == len(site.cephfs.shares)
