"""What a node mounts, how, and when it is mounted otherwise than it should be."""

import configparser
from collections.abc import Callable

import pytest

from deploys.nfs_client.facts import read
from deploys.nfs_client.plan import Found, Wanted, astray, escaped, other_idle, plan, refusals
from nightfleet.site import Node, Site

Edited = Callable[..., Site]
NFS = """
nfs:
  exports:
    teams: {on: rack-store, path: /srv/nfs/teams, tenants: {vision: {}}}
  mounts:
    datasets: {export: teams/vision, at: /mnt/data-sets, cache: true, read_only: true, nconnect: 8}
    home: {server: filer.example.org, path: /home, at: /mnt/home, on: "rack-g[1-2]", version: "4.1", idle: 0}

kubernetes:
"""
# As kernel 6.1 prints them.
DATASETS = (
    "99 28 0:52 / /mnt/data-sets ro,nosuid,nodev,noatime shared:50 - nfs4 10.50.0.20:/srv/nfs/teams/vision"
    " rw,vers=4.2,rsize=262144,wsize=262144,namlen=255,hard,fsc,proto=tcp,nconnect=8,timeo=600,sec=sys"
)
HOME = (
    "98 28 0:51 / /mnt/home rw,nosuid,nodev,noatime shared:50 - nfs4 filer.example.org:/home"
    " rw,vers=4.1,rsize=262144,wsize=262144,namlen=255,hard,proto=tcp,nconnect=4,timeo=600,retrans=2,sec=sys"
)


@pytest.fixture
def site(edited: Edited) -> Site:
    """The rack with a cached share everywhere and another one on two nodes."""
    return edited("rack", ("\nkubernetes:\n", NFS))


@pytest.fixture
def node(site: Site) -> Node:
    return site.node("rack-g1")


def unit(wanted: Wanted, name: str) -> configparser.ConfigParser:
    """Read one of the units."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment]
    parser.read_string(next(file.content for file in wanted.files if file.path.endswith(f"/{name}")))
    return parser


def test_a_share_is_mounted_on_first_use_and_no_boot_waits_for_it(site: Site, node: Node) -> None:
    wanted = plan(site, node, Found(kernel=True))
    assert [one.name for one in wanted.units] == ["mnt-data\\x2dsets.automount", "mnt-home.automount"]
    mount = unit(wanted, "mnt-data\\x2dsets.mount")
    assert not mount.has_section("Install")
    assert mount["Mount"]["What"] == "10.50.0.20:/srv/nfs/teams/vision"
    assert mount["Mount"]["Where"] == "/mnt/data-sets"
    assert unit(wanted, "mnt-data\\x2dsets.automount")["Automount"]["TimeoutIdleSec"] == "600"
    assert unit(wanted, "mnt-home.automount")["Automount"]["TimeoutIdleSec"] == "0"


def test_it_waits_for_its_server_and_whoever_mounts_first_is_told_in_time(site: Site, node: Node) -> None:
    mount = unit(plan(site, node, Found(kernel=True)), "mnt-home.mount")["Mount"]
    assert mount["Options"] == "hard,proto=tcp,vers=4.1,nconnect=4,noatime,nodev,nosuid,_netdev"
    assert mount["TimeoutSec"] == "30"


def test_a_cached_share_comes_after_the_cache(site: Site, node: Node) -> None:
    wanted = plan(site, node, Found(kernel=True))
    datasets = unit(wanted, "mnt-data\\x2dsets.mount")
    assert {"fsc", "ro", "nconnect=8", "vers=4.2"} <= set(datasets["Mount"]["Options"].split(","))
    assert "nightfleet-cachefilesd.service" in datasets["Unit"]["After"].split()
    assert "cachefilesd.service" not in unit(wanted, "mnt-home.mount")["Unit"]["After"]
    assert wanted.cached == ("/mnt/data-sets",)


def test_a_share_is_only_on_the_nodes_that_the_site_names(site: Site) -> None:
    assert len(plan(site, site.node("rack-g3"), Found(kernel=True)).mounts) == 1
    server = plan(site, site.node("rack-store"), Found(kernel=True))
    assert (server.mounts, server.packages, server.files) == ((), (), ())


def test_workers_have_mount_nfs_for_the_volumes_of_pods(edited: Edited) -> None:
    volume = "\nnfs: {volumes: {x: {server: f.example.org, path: /x, namespace: a}}}\n\nkubernetes:\n"
    site = edited("rack", ("\nkubernetes:\n", volume))
    assert plan(site, site.node("rack-g1"), Found()).packages == ("nfs-common",)
    assert refusals(site, site.node("rack-g1"), Found()) == []
    assert plan(site, site.first_control_plane, Found()).packages == ()


def test_a_kernel_without_a_client_is_refused_with_the_way_out(site: Site, node: Node) -> None:
    (reason,) = refusals(site, node, read(["kernel 6.18.0"]))
    assert reason == (
        "kernel 6.18.0 has no NFS client, and the site mounts datasets, home here;"
        " take rack-g1 out of nfs.mounts.datasets.on"
    )
    assert refusals(site, node, read(["nfs", "kernel 6.1.0"])) == []
    assert refusals(site, site.node("rack-store"), read(["kernel 6.18.0"])) == []


def test_a_mount_that_the_site_no_longer_has_goes_with_both_units(site: Site, node: Node) -> None:
    found = read(["nfs", "kernel 6.1.0", "unit mnt-old.automount", "unit mnt-home.automount"])
    wanted = plan(site, node, found)
    assert wanted.retired == ("mnt-old.automount",)
    assert wanted.absent == ("/etc/systemd/system/mnt-old.automount", "/etc/systemd/system/mnt-old.mount")


def test_what_is_mounted_as_the_site_says_is_left_alone(site: Site, node: Node) -> None:
    found = read(["nfs", "kernel 6.1.0", DATASETS, HOME])
    assert astray(plan(site, node, found), found) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(",fsc", "", id="without-its-cache"),
        pytest.param("vers=4.2", "vers=4.1", id="another-version"),
        pytest.param(" ro,", " rw,", id="writable"),
        pytest.param("10.50.0.20:", "10.50.0.21:", id="another-server"),
    ],
)
def test_what_is_mounted_otherwise_is_found(site: Site, node: Node, old: str, new: str) -> None:
    found = read(["nfs", "kernel 6.1.0", DATASETS.replace(old, new), HOME])
    assert astray(plan(site, node, found), found) == ["/mnt/data-sets"]


def test_an_automount_that_runs_with_another_idle_time_is_found(site: Site, node: Node) -> None:
    line = "35 28 0:3{0} / {1} rw - autofs systemd-1 rw,fd=48,pgrp=1,timeout={2},minproto=5,direct"
    lines = [line.format(1, "/mnt/data-sets", 600), line.format(2, "/mnt/home", 600)]
    found = read(["nfs", "kernel 6.1.0", *lines])
    assert other_idle(plan(site, node, found), found) == ["/mnt/home"]
    assert other_idle(plan(site, node, Found(kernel=True)), Found(kernel=True)) == []


def test_a_read_past_the_cache_is_told_apart_from_one_that_could_not_be_made() -> None:
    found = read(["moved /mnt/a", "unmoved /mnt/b", "unread /mnt/c", "nfs"])
    assert (found.past, found.unread) == (("/mnt/b",), ("/mnt/c",))


def test_a_share_that_does_not_answer_is_told_apart_from_one_that_is_not_mounted() -> None:
    found = read(["silent /mnt/data-sets", "nfs", "kernel 6.1.0", HOME])
    assert found.silent == ("/mnt/data-sets",)
    assert [mount.where for mount in found.mounts] == ["/mnt/home"]


@pytest.mark.parametrize(
    ("path", "name"),
    [("/mnt/data", "mnt-data"), ("/mnt/my-data/x", "mnt-my\\x2ddata-x"), ("/.x", "\\x2ex")],
)
def test_units_are_named_as_systemd_names_paths(path: str, name: str) -> None:
    assert escaped(path) == name
