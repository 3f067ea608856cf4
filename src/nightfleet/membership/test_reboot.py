"""Claims about reboots: who goes with whom, what refuses, and when a machine is back."""

from dataclasses import replace
from datetime import UTC, datetime

from nightfleet.cluster.drain import DrainPlan
from nightfleet.ledger import Entry, Event
from nightfleet.membership.conftest import Sick, pod, view
from nightfleet.membership.reboot import (
    BOOT,
    RUN,
    WHOLE,
    Booted,
    Need,
    interrupted,
    pending,
    plan,
    read_booted,
    why_not_back,
)
from nightfleet.membership.watched import Watched
from nightfleet.site import Site

EVERY = ("c1", "c2", "c3", "w1", "w2", "w3", "r1")
ANSWER = """boot_id=new
kernel=6.1.0-25-amd64
newest=6.1.0-26-amd64
state=degraded
failed=smartd.service
need=gpu driver 570 was installed
"""


def entry(step: str, event: Event, node: str = "", **data: str) -> Entry:
    return Entry(
        at=datetime(2026, 11, 28, tzinfo=UTC), by="me", run=RUN, step=step, node=node, event=event, data=data
    )


def test_workers_go_first_and_control_planes_alone_with_the_first_one_last(site: Site, well: Watched) -> None:
    assert plan(site, EVERY, well, {}, at_once=2).waves == (
        ("w1", "w2"),
        ("w3",),
        ("r1",),
        ("c2",),
        ("c3",),
        ("c1",),
    )


def test_the_site_says_how_many_at_once(site: Site, well: Watched) -> None:
    assert plan(site, ("w1", "w2"), well, {}).waves == (("w1",), ("w2",))


def test_a_control_plane_that_etcd_needs_stays(site: Site, sick: Sick) -> None:
    refused = plan(site, ("c1",), sick("c2"), {}).refusals
    assert refused[0].startswith("etcd has 3 members and needs 2; without c1 it has 1; c2 is not healthy")
    assert plan(site, ("w1",), replace(sick("c2"), nodes={}), {}).refusals == ()


def test_an_etcd_that_nobody_could_ask_refuses_control_planes_alone(site: Site, well: Watched) -> None:
    unknown = replace(well, members=(), faults=("etcd does not answer",))
    assert "nobody can tell" in plan(site, ("c1",), unknown, {}).refusals[0]
    assert plan(site, ("w1",), unknown, {}).refusals == ()


def test_a_control_plane_is_one_by_its_role_even_when_no_node_stands_for_it(site: Site, sick: Sick) -> None:
    seen = sick("c2")
    without = replace(seen, nodes={name: one for name, one in seen.nodes.items() if name != "c1"})
    assert "without c1 it has 1" in plan(site, ("c1",), without, {}).refusals[0]


def test_a_member_of_a_cluster_that_nobody_can_ask_stays(site: Site) -> None:
    refused = plan(site, ("w1", "c1"), None, {}, blind=("c1",)).refusals
    assert refused[0].startswith("c1 belongs to a cluster, and without its kubeconfig nobody can look")
    assert plan(site, ("w1", "c1"), None, {}, done=("c1",), blind=("c1",)).refusals == ()


def test_nodes_that_are_away_already_count(site: Site, sick: Sick) -> None:
    refused = plan(site, ("w1",), sick("w2"), {}).refusals
    assert refused[0].startswith("w2 is not Ready, and at most 1 may be away at once")
    assert plan(site, ("w2",), sick("w2"), {}).refusals == ()
    assert plan(site, ("w1",), sick("w2"), {}, at_once=2).refusals == ()


def test_outside_the_window_it_takes_a_reason(site: Site, well: Watched) -> None:
    closed = replace(well, window="this is outside the maintenance windows")
    assert "--outside-window" in plan(site, ("w1",), closed, {}).refusals[0]
    assert plan(site, ("w1",), closed, {}, anyway="it burns").refusals == ()
    assert plan(site, (), closed, {}).refusals == ()


def test_pods_that_would_be_lost_hold_it_up_and_others_are_counted(site: Site, well: Watched) -> None:
    drains = {"w1": DrainPlan((pod("web"),), (), (pod("notebook", ""),))}
    assert "lab/notebook on w1" in plan(site, ("w1",), well, drains).refusals[0]
    assert plan(site, ("w1",), well, drains, force=True).pods == {"w1": 1}


def test_a_run_that_was_cut_off_goes_on_with_the_rest(site: Site, well: Watched) -> None:
    lines = [
        entry(WHOLE, Event.BEGUN, nodes="w1 w2"),
        entry(BOOT, Event.BEGUN, "w1", boot_id="a"),
        entry(BOOT, Event.DONE, "w1", boot_id="b"),
        entry(BOOT, Event.BEGUN, "w2", boot_id="c"),
    ]
    assert interrupted(lines, ("w1", "w2")) == ("w1",)
    assert interrupted(lines, ("w1", "w3")) == ()
    assert interrupted([*lines, entry(WHOLE, Event.DONE)], ("w1", "w2")) == ()
    assert (pending(lines, "w1"), pending(lines, "w2"), pending(lines, "w3")) == ("", "c", "")
    assert plan(site, ("w1", "w2"), well, {}, done=("w1",)).waves == (("w2",),)


def test_a_machine_says_its_boot_its_failed_units_and_who_wants_a_reboot() -> None:
    booted = read_booted(ANSWER)
    assert (booted.boot_id, booted.state, booted.failed) == ("new", "degraded", ("smartd.service",))
    assert booted.expected == "6.1.0-26-amd64"
    assert booted.needs == (
        Need("gpu", "driver 570 was installed"),
        Need("system", "kernel 6.1.0-26-amd64 is installed, 6.1.0-25-amd64 runs"),
    )


def test_a_container_has_no_kernel_of_its_own() -> None:
    assert read_booted("boot_id=a\nkernel=6.18\nstate=running\n").expected == "6.18"


def test_a_machine_says_whether_it_belongs_to_a_cluster() -> None:
    assert not read_booted(ANSWER).joined
    assert read_booted(f"{ANSWER}joined=yes\n").joined


def test_a_machine_is_back_with_another_boot_id_the_expected_kernel_and_systemd_at_its_end() -> None:
    back = Booted("new", "6.2", "6.2", "running")
    assert why_not_back("old", "6.2", back) == ""
    assert why_not_back("old", "6.2", replace(back, state="degraded")) == ""
    assert why_not_back("old", "6.2", None) == "it does not answer"
    assert why_not_back("new", "6.2", back).startswith("its boot id has not changed")
    assert why_not_back("old", "6.2", replace(back, state="starting")) == "systemd is starting"
    assert why_not_back("old", "6.3", back) == "it runs kernel 6.2, not 6.3"


def test_a_site_without_a_cluster_can_reboot_too(site: Site) -> None:
    made = plan(site, ("w1", "c1"), None, {})
    assert (made.waves, made.refusals) == ((("w1",), ("c1",)), ())
    assert view("w1").ready == "True"
