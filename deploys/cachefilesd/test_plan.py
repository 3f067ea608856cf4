"""How full a cache may get, and where there can be none."""

import re
from collections.abc import Callable

import pytest

import deploys.cachefilesd as room
from deploys.cachefilesd.facts import read
from deploys.cachefilesd.plan import Limits, limits_of, plan, refusals
from nightfleet.site import Node, Site
from nightfleet.site.shares import cached_on

Edited = Callable[..., Site]
MOUNT = "\nnfs: {mounts: {data: {server: f.example.org, path: /x, at: /mnt/x, cache: true}}}\n\nkubernetes:\n"
DISK = ("    scratch: {on: fast, size: rest}", "    fscache: {on: fast, size: rest}")
SAID = ["cachefiles", "kernel 6.1.0", "cache xfs /var/cache/fscache"]


@pytest.fixture
def shared(edited: Edited) -> Site:
    """The rack, whose GPU nodes cache on their root disk."""
    return edited("rack", ("\nkubernetes:\n", MOUNT))


@pytest.fixture
def dedicated(edited: Edited) -> Site:
    """The rack, whose GPU nodes have a filesystem for the cache."""
    return edited("rack", ("\nkubernetes:\n", MOUNT), DISK)


def gpu(site: Site) -> Node:
    return site.node("rack-g1")


def test_a_cache_with_a_disk_of_its_own_fills_it(dedicated: Site) -> None:
    limits = limits_of(dedicated, gpu(dedicated))
    assert (limits.run, limits.cull, limits.stop) == (10, 7, 3)


def test_a_cache_on_a_shared_disk_yields_before_kubelet_frees_room(shared: Site) -> None:
    limits = limits_of(shared, gpu(shared))
    begins = 100 - shared.kubernetes.image_gc_high
    assert begins < limits.stop < limits.cull < limits.run
    assert (limits.run, limits.cull, limits.stop) == (35, 30, 25)


def test_it_yields_before_eviction_too_where_that_comes_first(edited: Edited) -> None:
    early = MOUNT.replace("kubernetes:\n", "kubernetes:\n  eviction: {nodefs.available: 30%}\n")
    site = edited("rack", ("\nkubernetes:\n", early))
    assert limits_of(site, gpu(site)).stop == 35


def test_a_folder_of_a_cephfs_is_read_through_the_cache_as_well(edited: Edited) -> None:
    folder = "{path: /team, at: /srv/team, client: team, keyring: k, cache: true}"
    said = f"\ncephfs: {{monitors: [10.0.9.1], shares: {{team: {folder}}}}}\n\nkubernetes:\n"
    site = edited("rack", ("\nkubernetes:\n", said))
    assert cached_on(site, gpu(site))
    (reason,) = refusals(site, gpu(site), read(["kernel 6.18.0", "cache xfs /"]))
    assert reason.startswith("cephfs.shares.team asks for a cache, and kernel 6.18.0 has no FS-Cache")


def test_what_the_site_says_counts(edited: Edited) -> None:
    said = MOUNT.replace("kubernetes:\n", "cache: {run: 20, cull: 15, stop: 12}\nkubernetes:\n")
    site = edited("rack", ("\nkubernetes:\n", said))
    assert limits_of(site, gpu(site)) == Limits(20, 15, 12, "as the site file says")


def test_the_limits_are_of_blocks_and_of_files_and_there_is_no_word_of_selinux(dedicated: Site) -> None:
    conf, switch, *_ = plan(dedicated, gpu(dedicated)).files
    found = dict(re.findall(r"^([bf]\w+) (\d+)%$", conf.content, re.MULTILINE))
    assert found == {"brun": "10", "bcull": "7", "bstop": "3", "frun": "10", "fcull": "7", "fstop": "3"}
    assert "dir /var/cache/fscache\n" in conf.content
    assert "secctx" not in conf.content
    assert "\nRUN=yes\n" in switch.content


def test_the_daemon_restarts_for_its_limits(dedicated: Site) -> None:
    wanted = plan(dedicated, gpu(dedicated))
    assert [unit.name for unit in wanted.units] == ["nightfleet-cachefilesd.service"]
    assert [mask.path for mask in wanted.masks] == ["/etc/systemd/system/cachefilesd.service"]
    assert set(wanted.units[0].reads) <= {file.path for file in wanted.files}


def test_only_nodes_that_mount_with_a_cache_have_one(shared: Site, edited: Edited) -> None:
    assert cached_on(shared, gpu(shared))
    assert not cached_on(shared, shared.first_control_plane)
    plain = edited("rack", ("\nkubernetes:\n", MOUNT.replace(", cache: true", "")))
    assert not cached_on(plain, gpu(plain))


def test_volumes_of_pods_are_cached_on_every_worker(edited: Edited) -> None:
    volume = (
        "\nnfs: {volumes: {x: {server: f.example.org, path: /x, namespace: a, cache: true}}}\n\nkubernetes:\n"
    )
    site = edited("rack", ("\nkubernetes:\n", volume))
    assert cached_on(site, gpu(site))
    assert not cached_on(site, site.node("rack-store"))


def test_a_kernel_without_fscache_is_refused_in_words(shared: Site) -> None:
    (reason,) = refusals(shared, gpu(shared), read(["kernel 6.18.0", "cache overlay /"]))
    assert reason.startswith("nfs.mounts.data asks for a cache, and kernel 6.18.0 has no FS-Cache")
    assert refusals(shared, gpu(shared), read(SAID)) == []


def test_a_cache_that_should_have_a_disk_is_not_begun_on_the_root_disk(dedicated: Site) -> None:
    (reason,) = refusals(dedicated, gpu(dedicated), read(["cachefiles", "kernel 6.1.0", "cache ext4 /"]))
    assert "no filesystem of its own yet" in reason


def test_a_filesystem_that_cannot_hold_a_cache_is_refused(shared: Site) -> None:
    (reason,) = refusals(shared, gpu(shared), read(["cachefiles", "kernel 6.1.0", "cache overlay /"]))
    assert reason == "a cache needs xfs, ext4 or btrfs, and /var/cache/fscache lies on overlay"


def test_a_cephfs_that_is_cached_twice_is_refused(shared: Site) -> None:
    one = "120 28 0:60 / /mnt/c rw - ceph a@6f1e.cephfs=/a rw,name=a,secret=<hidden>,fsc,acl"
    (reason,) = refusals(shared, gpu(shared), read([*SAID, one, one.replace("/mnt/c", "/mnt/d")]))
    assert "/mnt/d and /mnt/c are mounts of one CephFS" in reason


@pytest.mark.parametrize(
    ("said", "does"),
    [
        pytest.param(MOUNT, "keep", id="cached"),
        pytest.param(MOUNT.replace(", cache: true", ""), "undo", id="no-longer"),
        pytest.param("\nkubernetes:\n", "", id="no-shares"),
    ],
)
def test_a_cache_goes_with_the_last_share_that_had_one(
    edited: Edited, monkeypatch: pytest.MonkeyPatch, said: str, does: str
) -> None:
    done: list[str] = []
    site = edited("rack", ("\nkubernetes:\n", said))
    monkeypatch.setattr(room, "site", lambda: site)
    monkeypatch.setattr(room, "node", lambda: gpu(site))
    monkeypatch.setattr(room, "report_progress", lambda: None)
    for name in ("keep", "undo"):
        monkeypatch.setattr(room, name, lambda name=name: done.append(name))
    room.cachefilesd.__wrapped__()
    assert "".join(done) == does
