"""Where a backup goes, and what it is refused for."""

from dataclasses import replace
from pathlib import Path

import pytest

from nightfleet.backup.bag import read_info
from nightfleet.backup.restore.look import HOST, read_look, script
from nightfleet.backup.restore.plan import Look, Step, plan, refusals
from nightfleet.backup.test_bag import INFO
from nightfleet.cluster.ssh import Said
from nightfleet.home import home
from nightfleet.site import Site, load_site

BAG = read_info(INFO)
CA = BAG.cluster_ca
NAMES = ("rack-cp1", "rack-cp2", "rack-cp3")


@pytest.fixture
def site() -> Site:
    """A site of three control planes."""
    return load_site(home() / "tests" / "lab" / "site_ha" / "site.yaml")


@pytest.fixture
def dead(site: Site) -> list[Look]:
    """Three control planes that lack nothing but their data."""
    names = [node.name for node in site.fleet[:3]]
    return [Look(name, ca=CA, keys=True, manifests=True, prepared=True) for name in names]


def test_the_data_goes_to_every_control_plane_as_one_new_etcd(site: Site, dead: list[Look]) -> None:
    found = plan(site, BAG, dead)
    assert found.nodes == ("nfh-c1", "nfh-c2", "nfh-c3")
    assert found.initial_cluster == ",".join(
        f"nfh-c{number}=https://10.101.0.1{number}:2380" for number in (1, 2, 3)
    )
    assert not found.rebuild and not found.later


def test_all_stop_before_any_gets_data_and_etcd_is_well_before_the_api_starts(
    site: Site, dead: list[Look]
) -> None:
    steps = list(plan(site, BAG, dead).steps)
    order = [Step.STOP, Step.KEEP, Step.DATA, Step.ETCD, Step.QUORUM, Step.API, Step.SETTLE]
    assert steps == order


def test_where_nothing_is_left_the_first_control_plane_is_made_anew(site: Site, dead: list[Look]) -> None:
    found = plan(site, BAG, [Look(look.name) for look in dead])
    assert found.rebuild
    assert found.nodes == ("nfh-c1",)
    assert found.initial_cluster == "nfh-c1=https://10.101.0.11:2380"
    assert found.later == ("nfh-c2", "nfh-c3")
    assert list(found.steps).index(Step.KEYS) < list(found.steps).index(Step.BEGIN)


def test_a_control_plane_that_lost_its_keys_joins_later(site: Site, dead: list[Look]) -> None:
    found = plan(site, BAG, [Look("nfh-c1"), *dead[1:]])
    assert (found.nodes, found.later, found.rebuild) == (("nfh-c2", "nfh-c3"), ("nfh-c1",), False)


def test_one_that_is_left_behind_gets_no_data(site: Site, dead: list[Look]) -> None:
    found = plan(site, BAG, [replace(dead[0], silent="no route"), *dead[1:]], ["nfh-c1"])
    assert found.nodes == ("nfh-c2", "nfh-c3")


def test_nothing_speaks_against_a_dead_cluster(site: Site, dead: list[Look]) -> None:
    assert not refusals(site, BAG, dead, CA)
    assert not refusals(site, BAG, [Look(look.name) for look in dead], CA)


def test_an_etcd_that_is_alive_is_not_overwritten_without_a_reason(site: Site, dead: list[Look]) -> None:
    alive = [replace(dead[0], revision=900), *dead[1:]]
    ((what, way_out),) = refusals(site, BAG, alive, CA).items()
    assert "alive and healthy on nfh-c1; it is at revision 900, the backup at 644" in what
    assert "--over-running REASON" in way_out
    assert not refusals(site, BAG, alive, CA, over_running="somebody deleted a namespace")


def test_an_etcd_that_lives_on_what_this_attempt_restored_is_no_reason(site: Site, dead: list[Look]) -> None:
    alive = [replace(dead[0], revision=900, restored="20261128T010000Z"), *dead[1:]]
    assert not refusals(site, BAG, alive, CA, word="20261128T010000Z")
    assert refusals(site, BAG, alive, CA, word="20261129T000000Z")
    assert refusals(site, BAG, [replace(dead[0], revision=900)], CA)


def test_a_backup_of_another_cluster_is_refused_by_hosts_and_by_the_kubeconfig(
    site: Site, dead: list[Look]
) -> None:
    other = replace(BAG, cluster_ca="0" * 64)
    assert "of another cluster than nfh-c1, nfh-c2, nfh-c3" in "".join(refusals(site, other, dead, ""))
    bare = [Look(look.name) for look in dead]
    assert "this operator's kubeconfig" in "".join(refusals(site, other, bare, CA))
    assert refusals(site, other, dead, CA, over_running="no matter what")


def test_where_nobody_knows_the_cluster_the_name_of_the_site_decides(site: Site, dead: list[Look]) -> None:
    bare = [Look(look.name) for look in dead]
    assert "is of site 'lab', not of 'nft-ha'" in "".join(refusals(site, BAG, bare, ""))
    assert not refusals(site, replace(BAG, site="nft-ha"), bare, "")


def test_a_control_plane_that_cannot_be_asked_might_be_alive(site: Site, dead: list[Look]) -> None:
    silent = [Look("nfh-c1", silent="no route to host"), *dead[1:]]
    ((what, way_out),) = refusals(site, BAG, silent, CA).items()
    assert what == "nfh-c1 cannot be asked: no route to host"
    assert "--without nfh-c1" in way_out
    assert not refusals(site, BAG, silent, CA, without=["nfh-c1"])


def test_what_cannot_be_left_out_is_refused(site: Site, dead: list[Look]) -> None:
    assert "'nfh-w1' is no control plane" in "".join(refusals(site, BAG, dead, CA, without=["nfh-w1"]))
    assert refusals(site, BAG, dead, CA, without=[look.name for look in dead])


def test_what_a_control_plane_says_is_read_word_by_word() -> None:
    said = Said("c1", 0, f"ca {CA}\nkeys\nmanifests\ndata\nruns\nhealthy 900\nprepared\nrestored W\n", "")
    look = Look("c1", "", CA, True, True, True, True, revision=900, prepared=True, restored="W")
    assert read_look(said) == look
    assert read_look(Said("c1", 0, "", "")) == Look("c1")
    assert read_look(Said("c1", 255, "", "no route to host")).silent == "no route to host"


def test_a_script_names_its_node_and_ends_with_its_call(site: Site) -> None:
    text = script(site, "nfh-c2", "20261128T002900Z", "stop")
    assert text.startswith("NODE=nfh-c2\nADDRESS=10.101.0.12\nRUN=20261128T002900Z\n")
    assert text.endswith("\nstop\n")
    assert Path(__file__).with_name("host.sh").read_text(encoding="utf-8") == HOST
