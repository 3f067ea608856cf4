"""Claims about leaves: their steps, and when they are refused."""

from dataclasses import replace

import pytest

from nightfleet.cluster.drain import DrainPlan
from nightfleet.membership.conftest import EMPTY, SITE, Sick, pod, view
from nightfleet.membership.leave import Machine, Step, Wishes, plan
from nightfleet.membership.watched import Watched
from nightfleet.site import Site
from nightfleet.site.load import parse_site

HERE = Machine(reached=True, touched=True, record=True, copy=True)
JOINED = replace(HERE, joined=True)
CLEAN = Machine(reached=True, copy=True)
LOST = Machine(reached=False, why="No route to host", copy=True)
BUSY = DrainPlan((pod("web"),), (), ())


def test_a_worker_leaves_in_an_order_that_loses_nothing(site: Site, well: Watched) -> None:
    made = plan(site, "w1", well, BUSY, HERE, Wishes(prove=True))
    assert not made.refusals
    assert made.steps == (
        Step.REMEMBER,
        Step.CORDON,
        Step.DRAIN,
        Step.DELETE,
        Step.HAND_BACK,
        Step.PROVE,
    )


def test_a_control_plane_also_leaves_etcd_before_it_is_deleted(site: Site, well: Watched) -> None:
    steps = plan(site, "c2", well, EMPTY, HERE, Wishes()).steps
    assert steps == (Step.REMEMBER, Step.CORDON, Step.ETCD, Step.DELETE, Step.HAND_BACK)


def test_a_leave_that_was_cut_off_goes_on_where_it_stopped(site: Site, well: Watched) -> None:
    closed = replace(well, nodes={**well.nodes, "w1": view("w1", cordoned=True)})
    assert plan(site, "w1", closed, EMPTY, HERE, Wishes()).steps[:2] == (Step.REMEMBER, Step.DELETE)
    gone = replace(well, nodes={name: one for name, one in well.nodes.items() if name != "w1"})
    assert plan(site, "w1", gone, EMPTY, HERE, Wishes()).steps == (Step.REMEMBER, Step.HAND_BACK)
    lost_record = Machine(reached=True, touched=True, copy=True)
    assert plan(site, "w1", gone, EMPTY, lost_record, Wishes()).steps == (Step.HAND_BACK,)


def test_a_node_that_has_left_has_nothing_to_do_but_may_be_proven(site: Site, well: Watched) -> None:
    gone = replace(
        well, nodes={name: one for name, one in well.nodes.items() if name != "w1"}, window="closed"
    )
    assert plan(site, "w1", gone, EMPTY, CLEAN, Wishes()).steps == ()
    proven = plan(site, "w1", gone, EMPTY, CLEAN, Wishes(prove=True))
    assert (proven.steps, proven.refusals) == ((Step.PROVE,), ())


def test_the_last_control_plane_stays(site: Site, well: Watched) -> None:
    rest = ("c1", "w1")
    alone = replace(well, members=well.members[:1], nodes={name: view(name) for name in rest})
    refused = plan(site, "c1", alone, EMPTY, HERE, Wishes(end=True)).refusals
    assert "c1 is the last control plane; w1 would have none. Add another" in refused[0]


def test_the_last_node_ends_the_cluster_only_when_told_so(site: Site, well: Watched) -> None:
    alone = replace(well, members=well.members[:1], nodes={"c1": view("c1")})
    assert "with --end the cluster ends with it" in plan(site, "c1", alone, EMPTY, HERE, Wishes()).refusals[0]
    ended = plan(site, "c1", alone, EMPTY, HERE, Wishes(end=True))
    assert (ended.steps, ended.refusals) == ((Step.REMEMBER, Step.HAND_BACK), ())


def test_a_control_plane_whose_leave_breaks_the_quorum_stays(site: Site, sick: Sick) -> None:
    refused = plan(site, "c1", sick("c2"), EMPTY, HERE, Wishes()).refusals
    assert "of the 2 members that would remain, 1 are healthy; 2 are needed" in refused[0]


def test_a_sick_control_plane_may_leave_the_others(site: Site, sick: Sick) -> None:
    assert plan(site, "c2", sick("c2"), EMPTY, HERE, Wishes()).refusals == ()


def test_an_etcd_that_nobody_could_ask_refuses(site: Site, well: Watched) -> None:
    unknown = replace(well, members=(), faults=("etcd does not answer",))
    assert "nobody can tell" in plan(site, "c1", unknown, EMPTY, HERE, Wishes()).refusals[0]
    assert plan(site, "w1", unknown, EMPTY, HERE, Wishes()).refusals == ()


def test_the_registry_stays_while_others_pull_from_it(site: Site, well: Watched) -> None:
    refused = plan(site, "r1", well, EMPTY, HERE, Wishes()).refusals
    assert refused[0].startswith("r1 is the registry, and c1, c2, c3 and 3 more pull from it")


def test_the_endpoint_stays_while_every_node_talks_to_it(site: Site, well: Watched) -> None:
    own = parse_site(SITE.replace("10.0.0.10:6443", "10.0.0.11:6443").encode(), site.path)
    assert (
        "the API endpoint 10.0.0.11:6443 is on c1" in plan(own, "c1", well, EMPTY, HERE, Wishes()).refusals[0]
    )
    assert plan(own, "c2", well, EMPTY, HERE, Wishes()).refusals == ()


def test_pods_that_would_be_lost_hold_it_up_unless_forced(site: Site, well: Watched) -> None:
    lost = DrainPlan((), (), (pod("notebook", ""),))
    assert "lab/notebook" in plan(site, "w1", well, lost, HERE, Wishes()).refusals[0]
    forced = DrainPlan((pod("notebook", ""),), (), ())
    assert plan(site, "w1", well, forced, HERE, Wishes(force=True)).refusals == ()


def test_outside_the_window_it_takes_a_reason(site: Site, well: Watched) -> None:
    closed = replace(well, window="this is outside the maintenance windows")
    assert "--outside-window" in plan(site, "w1", closed, EMPTY, HERE, Wishes()).refusals[0]
    assert plan(site, "w1", closed, EMPTY, HERE, Wishes(anyway="it burns")).refusals == ()


@pytest.mark.parametrize("name", ["w1", "c2"])
def test_a_lost_machine_is_only_forgotten(site: Site, sick: Sick, name: str) -> None:
    assert "with --gone" in plan(site, name, sick(name), EMPTY, LOST, Wishes()).refusals[0]
    forgotten = plan(site, name, sick(name), BUSY, LOST, Wishes(gone=True))
    assert not forgotten.refusals
    assert forgotten.steps[-1] is Step.DELETE
    assert Step.HAND_BACK not in forgotten.steps
    assert Step.DRAIN not in forgotten.steps


def test_a_machine_that_answers_is_not_gone(site: Site, well: Watched) -> None:
    assert "is not gone" in plan(site, "w1", well, EMPTY, HERE, Wishes(gone=True)).refusals[0]


def test_nothing_can_be_proven_without_a_record(site: Site, well: Watched) -> None:
    unknown = Machine(reached=True, touched=True)
    assert "nothing can be proven" in plan(site, "w1", well, EMPTY, unknown, Wishes(prove=True)).refusals[0]
    assert plan(site, "w1", well, EMPTY, unknown, Wishes()).refusals == ()


def test_a_member_of_a_cluster_that_nobody_can_ask_stays_with_or_without_end(site: Site) -> None:
    others = ("c2", "w1")
    assert (
        plan(site, "c1", None, EMPTY, JOINED, Wishes())
        .refusals[0]
        .startswith("c1 belongs to a cluster that cannot be asked; bring its API server back")
    )
    refused = plan(site, "c1", None, EMPTY, JOINED, Wishes(end=True), others).refusals
    assert refused[0].startswith("c1 belongs to a cluster that cannot be asked, and c2, w1 may belong to it")
    assert "nightfleet converge c1 --site small" in refused[0]


def test_a_machine_that_never_joined_or_is_out_already_is_handed_back_without_a_cluster(site: Site) -> None:
    made = plan(site, "w1", None, EMPTY, HERE, Wishes())
    assert (made.steps, made.refusals) == ((Step.REMEMBER, Step.HAND_BACK), ())
    with_end = plan(site, "w1", None, EMPTY, HERE, Wishes(end=True), ("c1",))
    assert (with_end.refusals, with_end.ends) == ((), False)


def test_the_last_machine_of_a_cluster_whose_api_is_gone_may_end_it(site: Site) -> None:
    made = plan(site, "c1", None, EMPTY, JOINED, Wishes(end=True))
    assert (made.steps, made.refusals, made.ends) == ((Step.REMEMBER, Step.HAND_BACK), (), True)


def test_a_cluster_ends_with_its_last_node_alone(site: Site, well: Watched) -> None:
    alone = replace(well, members=well.members[:1], nodes={"c1": view("c1")})
    assert plan(site, "c1", alone, EMPTY, JOINED, Wishes(end=True)).ends
    assert not plan(site, "w1", well, EMPTY, JOINED, Wishes(end=True)).ends


def test_nobody_is_forgotten_by_a_cluster_that_cannot_be_asked(site: Site) -> None:
    assert "can be asked to forget c2" in plan(site, "c2", None, EMPTY, LOST, Wishes(gone=True)).refusals[0]
