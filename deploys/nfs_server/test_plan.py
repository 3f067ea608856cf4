"""What a server exports, to whom, and why not."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from deploys.nfs_server.facts import read
from deploys.nfs_server.plan import (
    Folder,
    Found,
    Program,
    Quota,
    Wanted,
    numbered,
    plan,
    quota_steps,
    refusals,
)
from nightfleet.site import Node, Site
from nightfleet.site.shares import served_by, shares

Edited = Callable[..., Site]
NFS = """
nfs:
  exports:
    teams:
      on: rack-store
      path: /srv/nfs/teams
      quota: 500GiB
      tenants:
        vision: {clients: [10.50.0.31, 10.50.0.32]}
        speech: {quota: 1TiB}
    models: {on: rack-store, path: /srv/nfs/models, read_only: true, squash: all}

kubernetes:
"""
# A server with two 1 TiB filesystems; findmnt, xfs_io and xfs_quota of Debian 12 print it like this.
SAID = """\
nfsd
folder /srv/nfs/teams/vision yes xfs /srv/nfs rw,relatime,attr2,inode64,logbufs=8,logbsize=32k,prjquota
project /srv/nfs/teams/vision 1234567
folder /srv/nfs/teams/speech no xfs /srv/nfs rw,relatime,attr2,inode64,logbufs=8,logbsize=32k,prjquota
folder /srv/nfs/models yes xfs /srv/nfs rw,relatime,attr2,inode64,logbufs=8,logbsize=32k,prjquota
project /srv/nfs/models 0
limit /srv/nfs 0 20480 0 0 00 [--------]
limit /srv/nfs 1234567 1024 0 524288000 00 [--------]
"""


@pytest.fixture
def site(edited: Edited) -> Site:
    """The rack, whose rack-store serves two tenants and models for all."""
    return edited("rack", ("\nkubernetes:\n", NFS))


@pytest.fixture
def store(site: Site) -> Node:
    return site.node("rack-store")


@pytest.fixture
def found() -> Found:
    return read(SAID.splitlines())


def text(wanted: Wanted, name: str) -> str:
    """Return one of the files."""
    return next(file.content for file in wanted.files if file.path.endswith(name))


def test_a_kernel_with_a_server_serves_and_another_leaves_it_to_ganesha(
    site: Site, store: Node, found: Found
) -> None:
    assert plan(site, store, found).program is Program.KERNEL
    assert plan(site, store, replace(found, kernel=False)).program is Program.GANESHA


def test_a_host_of_the_lab_does_not_use_the_server_of_the_machine_under_it(
    site: Site, lab: Site, store: Node, found: Found
) -> None:
    container = replace(store, machine=lab.fleet[0].machine)
    assert plan(site, container, found).program is Program.GANESHA


def test_every_tenant_has_an_export_of_its_own_for_its_own_clients(
    site: Site, store: Node, found: Found
) -> None:
    exports = text(plan(site, store, found), "nightfleet.exports")
    options = "(rw,sync,no_subtree_check,sec=sys,root_squash)"
    assert f"\n/srv/nfs/teams/vision 10.50.0.31/32{options} 10.50.0.32/32{options}\n" in exports
    assert f"\n/srv/nfs/teams/speech 10.50.0.0/24{options}\n" in exports
    assert "\n/srv/nfs/teams " not in exports


def test_what_is_for_reading_is_exported_for_reading_by_both_servers(
    site: Site, store: Node, found: Found
) -> None:
    kernel = text(plan(site, store, found), "nightfleet.exports")
    assert "/srv/nfs/models 10.50.0.0/24(ro,sync,no_subtree_check,sec=sys,all_squash)\n" in kernel
    ganesha = text(plan(site, store, replace(found, kernel=False)), "exports.conf")
    models = ganesha.partition("# models")[2]
    assert "Access_Type = RO;\n        Squash = all_squash;" in models
    assert "Access_Type = None;" in models.partition("CLIENT")[0]


def test_paths_are_the_same_whoever_serves(site: Site, store: Node, found: Found) -> None:
    ganesha = text(plan(site, store, replace(found, kernel=False)), "exports.conf")
    for share in served_by(site, store):
        assert f"Path = {share.path};\n    Pseudo = {share.path};\n" in ganesha


def test_only_nfs_4_1_and_later_is_served_over_tcp(site: Site, store: Node, found: Found) -> None:
    kernel = text(plan(site, store, found), "nfs.conf.d/nightfleet.conf")
    assert "vers3 = n\nvers4.0 = n\nvers4.1 = y\nvers4.2 = y\n" in kernel
    assert "threads = 16\n" in kernel
    ganesha = text(plan(site, store, replace(found, kernel=False)), "ganesha.conf")
    assert "Protocols = 4;" in ganesha
    assert "Minor_Versions = 1, 2;" in ganesha


def test_a_server_does_not_start_before_the_disks_of_its_exports(
    site: Site, store: Node, found: Found
) -> None:
    needs = "RequiresMountsFor=/srv/nfs/teams/vision /srv/nfs/teams/speech /srv/nfs/models\n"
    assert needs in text(plan(site, store, found), "nfs-server.service.d/nightfleet.conf")
    assert needs in text(plan(site, store, replace(found, kernel=False)), "nightfleet-ganesha.service")


def test_new_exports_do_not_restart_the_server(site: Site, store: Node, found: Found) -> None:
    for one in (found, replace(found, kernel=False)):
        wanted = plan(site, store, one)
        (unit,) = wanted.units
        assert wanted.exports not in unit.reads
        assert set(unit.reads) <= {file.path for file in wanted.files}


def test_an_export_keeps_its_number_when_another_one_comes(site: Site, store: Node) -> None:
    mine = served_by(site, store)
    every = {share.name: number for share, number in numbered(mine, 1, 60_000)}
    fewer = {share.name: number for share, number in numbered(mine[1:], 1, 60_000)}
    assert len(set(every.values())) == 3
    assert fewer.items() <= every.items()


def test_two_exports_never_have_the_same_number(site: Site, store: Node) -> None:
    assert sorted(number for _, number in numbered(served_by(site, store), 7, 3)) == [7, 8, 9]


def test_limits_are_set_where_they_lack_and_taken_away_where_none_is_wished(
    site: Site, store: Node, found: Found
) -> None:
    quotas = plan(site, store, found).quotas
    vision, speech, models = quotas
    assert (vision.most, speech.most, models.most) == (500 << 30, 1 << 40, 0)
    assert quota_steps(quotas, found) == [
        ("/srv/nfs", f"project -s -p /srv/nfs/teams/vision {vision.project}"),
        ("/srv/nfs", f"limit -p bhard=524288000k {vision.project}"),
        ("/srv/nfs", f"project -s -p /srv/nfs/teams/speech {speech.project}"),
        ("/srv/nfs", f"limit -p bhard=1073741824k {speech.project}"),
    ]
    surplus = Quota("/srv/nfs/teams/vision", 1234567, 0)
    assert quota_steps([surplus], found) == [("/srv/nfs", "limit -p bhard=0k 1234567")]


def test_limits_that_are_there_are_left_alone(found: Found) -> None:
    assert quota_steps([Quota("/srv/nfs/teams/vision", 1234567, 500 << 30)], found) == []


def test_a_limit_that_nothing_would_keep_is_refused(site: Site, store: Node, found: Found) -> None:
    without = Folder(True, "ext4", "/srv/nfs", "rw,relatime")
    folders = dict.fromkeys(found.folders, without)
    reasons = refusals(site, store, replace(found, folders=folders))
    assert reasons[0] == (
        "teams/vision may hold 500GiB, and /srv/nfs is ext4 without project quotas;"
        " mount XFS with prjquota, or take its quota out"
    )
    assert len(reasons) == 2  # models has no limit


def test_what_lies_on_an_overlay_cannot_be_served(site: Site, store: Node, found: Found) -> None:
    folders = {**found.folders, "/srv/nfs/models": Folder(False, "overlay", "/", "rw")}
    (reason,) = refusals(site, store, replace(found, folders=folders))
    assert reason.startswith("/srv/nfs/models lies on overlay (/), which cannot be served")


def test_a_folder_that_nobody_knows_is_refused(site: Site, store: Node) -> None:
    assert len(refusals(site, store, Found(kernel=True))) == 3


@pytest.mark.parametrize(
    ("kernel", "listens", "refused"),
    [
        pytest.param(True, "LISTEN 0 64 0.0.0.0:2049 0.0.0.0:*", False, id="the-kernels-own"),
        pytest.param(False, 'LISTEN 0 4096 *:2049 *:* users:(("ganesha.nfsd",pid=9))', False, id="ganesha"),
        pytest.param(False, "LISTEN 0 64 0.0.0.0:2049 0.0.0.0:*", True, id="somebodys-kernel-server"),
        pytest.param(False, 'LISTEN 0 5 *:2049 *:* users:(("unfs3",pid=9))', True, id="another-program"),
        pytest.param(
            True, 'LISTEN 0 4096 *:2049 *:* users:(("ganesha.nfsd",pid=9))', True, id="ganesha-before"
        ),
    ],
)
def test_a_port_that_somebody_else_holds_is_refused(
    site: Site, store: Node, found: Found, kernel: bool, listens: str, refused: bool
) -> None:
    seen = replace(found, kernel=kernel, listener=f"listens {listens}")
    assert bool(refusals(site, store, seen)) is refused


def test_nothing_is_served_by_a_node_that_the_site_does_not_name(site: Site) -> None:
    assert served_by(site, site.first_control_plane) == []
    assert {share.on for share in shares(site).values()} == {"rack-store"}
