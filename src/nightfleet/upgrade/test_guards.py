"""Claims about refusals: what is refused, and that each says where and the way out."""

from dataclasses import replace
from typing import Any

import pytest

from nightfleet.cluster.drain import Pod
from nightfleet.cluster.etcd import Member
from nightfleet.site import Site
from nightfleet.upgrade.conftest import NOON, Edited, host, observe, view
from nightfleet.upgrade.guards import Waived
from nightfleet.upgrade.observed import Budget, Deprecated
from nightfleet.upgrade.plan import make_plan


def refused(site: Site, waived: Waived | None = None, **seen: Any) -> list[str]:
    """Return the refusals; each has a place and a way out."""
    plan = make_plan(site, observe(site, **seen), waived=waived)
    assert all(refusal.where and refusal.hint for refusal in plan.refusals)
    return [f"{refusal.where}: {refusal.what}" for refusal in plan.refusals]


def test_a_healthy_cluster_by_night_is_not_refused(site: Site) -> None:
    assert refused(site) == []


@pytest.mark.parametrize(
    ("running", "why"),
    [
        ("1.34.4", "from 1.34.4 to 1.36.3 skips a minor version"),
        ("1.37.0", "the cluster runs 1.37.0; 1.36.3 would be a step back"),
        ("1.36.4", "the cluster runs 1.36.4; 1.36.3 would be a step back"),
    ],
)
def test_neither_a_skipped_minor_nor_a_step_back(site: Site, running: str, why: str) -> None:
    path = str(site.path)
    assert refused(site, api_version=running)[0] == f"{path}:9: {why}"


def test_a_node_that_is_not_ready_or_out_of_reach_or_unknown(site: Site) -> None:
    seen = observe(site)
    nodes = {**seen.nodes, "w1": view("w1", ready="Unknown")}
    del nodes["w3"]
    hosts = {**seen.hosts, "w2": host("w2", unreachable="no answer")}
    assert refused(site, nodes=nodes, hosts=hosts) == [
        "w2: it cannot be reached: no answer",
        "w3: it is no member of the cluster",
        "w1: it is not Ready",
    ]


def test_workers_like_that_are_left_out_when_so_many_are_tolerated_but_no_control_plane(site: Site) -> None:
    seen = observe(site)
    nodes = {**seen.nodes, "w1": view("w1", ready="Unknown")}
    plan = make_plan(site, replace(seen, nodes=nodes), waived=Waived(tolerate=1))
    assert (plan.refusals, plan.left_out) == ((), {"w1": "is not Ready"})
    assert "w1" not in plan.changes
    nodes["c2"] = view("c2", ready="False")
    assert refused(site, Waived(tolerate=5), nodes=nodes) == ["c2: it is not Ready"]


def test_etcd_must_be_whole(site: Site) -> None:
    sick = (Member("a", "c1", "", True), Member("b", "c2", "", False), Member("c", "c3", "", True))
    told = refused(site, members=sick)
    assert told[0] == "etcd: etcd: c2 is not healthy"
    assert "c1: etcd has 3 members and needs 2; without c1 it has 1; c2 is not healthy" in told
    assert refused(site, members=(), etcd_silent="etcd does not answer") == ["etcd: etcd does not answer"]


def test_a_disk_without_room(site: Site) -> None:
    hosts = {**observe(site).hosts, "w4": host("w4", free={"/": 100 << 20})}
    assert refused(site, hosts=hosts) == ["w4: / has 100 MiB free, needs 1024"]


def test_an_api_in_use_that_the_target_removes_unless_accepted(site: Site) -> None:
    seen = (Deprecated("flowschemas.v1beta3.flowcontrol", "1.36"), Deprecated("later.v1beta1", "1.37"))
    where = "the API server's metric apiserver_requested_deprecated_apis"
    told = f"{where}: somebody asked for flowschemas.v1beta3.flowcontrol, which 1.36 no longer has"
    assert refused(site, deprecated=seen) == [told]
    assert refused(site, Waived(deprecated=True), deprecated=seen) == []


def test_an_api_server_whose_metrics_cannot_be_read_is_no_good_news_unless_it_is_in_the_middle(
    site: Site,
) -> None:
    silent = {"c2": "connection refused"}
    told = "c2: unknown whether somebody asks it for deprecated APIs: its metrics cannot be read"
    assert refused(site, metrics_silent=silent) == [f"{told}: connection refused"]
    assert refused(site, Waived(deprecated=True), metrics_silent=silent) == []
    nodes = {**observe(site).nodes, "c2": view("c2", cordoned=True, cordoned_by="upgrade 1.36.3")}
    assert refused(site, metrics_silent=silent, nodes=nodes) == []


def test_outside_of_the_window_unless_there_is_a_reason(site: Site) -> None:
    told = "outside the maintenance window: it opens Wed 2026-11-25 22:00 Etc/UTC"
    assert refused(site, moment=NOON) == [f"{site.path}:10: {told}"]
    assert refused(site, Waived(outside_window="a fix that cannot wait"), moment=NOON) == []


def test_a_kubelet_that_would_be_too_old(edited: Edited) -> None:
    site = edited()
    nodes = {**observe(site).nodes, "w1": view("w1", "1.32.0")}
    assert refused(site, nodes=nodes) == ["w1: its kubelet 1.32.0 would be 4 minors behind"]


def test_what_the_depot_lacks_is_told_with_what_would_bring_it(site: Site) -> None:
    plan = make_plan(
        site, observe(site), missing={"kubelet 1.36.3 is not in the depot": "nightfleet depot fetch"}
    )
    assert [refusal.hint for refusal in plan.refusals] == ["nightfleet depot fetch"]


def test_every_reason_is_told_at_once(site: Site) -> None:
    nodes = {**observe(site).nodes, "w1": view("w1", ready="False")}
    assert len(refused(site, moment=NOON, nodes=nodes, api_version="1.34.4")) == 3


def test_what_will_hold_a_drain_up_is_a_warning(site: Site) -> None:
    bare = {"w1": (Pod("lab", "notebook", "1", "", mirror=False, over=False),)}
    plan = make_plan(site, observe(site, budgets=(Budget("lab/web", 0), Budget("lab/db", 1)), bare=bare))
    assert plan.refusals == ()
    assert plan.warnings == (
        "budget lab/web lets no pod go now; the drain of its nodes will wait for it",
        "w1: nobody would bring back lab/notebook; its drain will stop there",
    )
