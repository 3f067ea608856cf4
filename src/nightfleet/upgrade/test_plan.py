"""Claims about the plan: the order of steps, what is left after an interruption, when a backup is due."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from nightfleet.ledger import Entry, Event
from nightfleet.site import Site
from nightfleet.upgrade.conftest import NIGHT, Edited, host, make_site, observe, view
from nightfleet.upgrade.observed import Observed
from nightfleet.upgrade.plan import WHOLE, Kind, Plan, current, make_plan, needs_backup, run_name

RUN = run_name("1.36.3")


def entry(step: str, event: Event, node: str = "", minutes: float = 0) -> Entry:
    at = NIGHT - timedelta(hours=1) + timedelta(minutes=minutes)
    return Entry(at=at, by="root", run=RUN, step=step, node=node, event=event)


def told(plan: Plan) -> list[str]:
    return [" ".join((step.kind, *step.nodes)) for step in plan.steps]


def upgraded(observed: Observed, *names: str) -> Observed:
    return replace(
        observed,
        nodes={**observed.nodes, **{name: view(name, "1.36.3") for name in names}},
        hosts={**observed.hosts, **{name: host(name, "1.36.3") for name in names}},
    )


def test_a_backup_then_images_then_control_planes_one_by_one_then_workers_in_waves(site: Site) -> None:
    plan = make_plan(site, observe(site))
    assert plan.refusals == ()
    assert told(plan) == [
        "backup",
        "images r1",
        "control plane c1",
        "control plane c2",
        "control plane c3",
        "workers r1 w1 w2",
        "workers w3 w4",
        "proof c1",
    ]
    assert str(plan.changes["w1"][0]) == "kubernetes 1.35.4 -> 1.36.3"


def test_without_a_difference_there_is_nothing_to_do(edited: Edited) -> None:
    site = edited(("1.36.3", "1.35.4"))
    plan = make_plan(site, observe(site))
    assert plan.nothing_to_do
    assert plan.steps == ()


def test_what_is_done_is_not_done_again(site: Site) -> None:
    observed = upgraded(observe(site), "c1", "c2", "w1", "r1")
    journal = [entry(Kind.BACKUP, Event.DONE), entry(Kind.CONTROL_PLANE, Event.DONE, "c1", 1)]
    assert told(make_plan(site, observed, journal)) == [
        "images r1",
        "control plane c3",
        "workers w2 w3 w4",
        "proof c1",
    ]


def test_a_node_that_is_new_but_still_cordoned_by_this_upgrade_is_finished(site: Site) -> None:
    names = [node.name for node in site.fleet]
    done = upgraded(observe(site), *names)
    ours = view("w2", "1.36.3", cordoned=True, cordoned_by=RUN)
    theirs = view("w3", "1.36.3", cordoned=True, cordoned_by="ann")
    plan = make_plan(site, replace(done, nodes={**done.nodes, "w2": ours, "w3": theirs}))
    assert "workers w2" in told(plan)
    assert plan.changes == {"w2": ()}


def test_a_node_in_the_middle_may_be_away_for_a_moment_and_another_may_not(site: Site) -> None:
    observed = observe(site)
    away = {**observed.nodes, "w2": view("w2", ready="Unknown"), "w3": view("w3", ready="False")}
    plan = make_plan(site, replace(observed, nodes=away), [entry(Kind.WORKERS, Event.BEGUN, "w2")])
    assert [(refusal.where, refusal.what) for refusal in plan.refusals] == [("w3", "it is not Ready")]


def test_static_pods_of_the_old_version_keep_a_control_plane_unfinished(site: Site) -> None:
    done = upgraded(observe(site), *(node.name for node in site.fleet))
    half = host("c2", "1.36.3")
    half = replace(half, versions={**half.versions, "kube-scheduler": "1.35.4"})
    assert list(make_plan(site, replace(done, hosts={**done.hosts, "c2": half})).changes) == ["c2"]


def test_a_new_containerd_goes_the_same_way(edited: Edited) -> None:
    site = edited(("kubernetes: 1.36.3", "kubernetes: 1.35.4, runc: 1.5.0"))
    plan = make_plan(site, observe(site))
    assert str(plan.changes["c1"][0]) == "runc 1.4.3 -> 1.5.0"
    assert len(plan.steps) == 8


def test_kubelets_that_the_site_holds_back_stay_behind(edited: Edited) -> None:
    site = edited(
        ("roles: [worker], class: box", "roles: [worker], class: box, kubernetes: 1.35.4"),
    )
    assert not any(name.startswith("w") for name in make_plan(site, observe(site)).changes)


def test_a_proof_is_owed_when_the_run_before_was_killed_just_before_it(site: Site) -> None:
    done = upgraded(observe(site), *(node.name for node in site.fleet))
    assert told(make_plan(site, done, [entry(WHOLE, Event.BEGUN)])) == ["proof c1"]
    ended = [entry(WHOLE, Event.BEGUN), entry(WHOLE, Event.DONE)]
    assert current(ended) == ()
    assert make_plan(site, done, ended).nothing_to_do


def test_a_backup_is_made_once_before_the_first_change_and_again_only_when_nothing_changed_for_a_day() -> (
    None
):
    made = entry(Kind.BACKUP, Event.DONE)
    assert needs_backup([], NIGHT)
    assert not needs_backup([made], NIGHT)
    assert needs_backup([made], NIGHT + timedelta(days=2))
    changed = entry(Kind.CONTROL_PLANE, Event.BEGUN, "c1", 5)
    assert not needs_backup([made, changed], NIGHT + timedelta(days=2))


@settings(deadline=None)  # the machine may be busy
@given(st.sets(st.sampled_from(["c1", "c2", "c3", "r1", "w1", "w2", "w3", "w4"])))
def test_whatever_is_done_already_the_rest_is_planned_exactly_once(done: set[str]) -> None:
    site = make_site()
    plan = make_plan(site, upgraded(observe(site), *done))
    planned = [
        name for step in plan.steps if step.kind in (Kind.CONTROL_PLANE, Kind.WORKERS) for name in step.nodes
    ]
    assert sorted(planned) == sorted({node.name for node in site.fleet} - done)
