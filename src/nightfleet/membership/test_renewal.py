"""Claims about certificates: which are due, and when a renewal is refused."""

from datetime import UTC, datetime, timedelta

from nightfleet.cluster.certificates import Certificate
from nightfleet.membership.conftest import Sick
from nightfleet.membership.renewal import plan
from nightfleet.membership.watched import Watched

NOW = datetime(2026, 11, 28, tzinfo=UTC)
PKI = "/etc/kubernetes/pki"


def lasting(days: int, path: str = f"{PKI}/apiserver.crt") -> Certificate:
    return Certificate(path, NOW + timedelta(days=days, hours=1))


def test_who_has_less_left_than_asked_for_is_due_and_says_which(well: Watched) -> None:
    found = {"c1": (lasting(40), lasting(80, f"{PKI}/etcd/server.crt")), "c2": (lasting(300),)}
    made = plan(found, well, NOW)
    assert made.due == {"c1": "apiserver.crt is good for 40 days"}
    assert made.left == {"c1": 40, "c2": 300}


def test_authorities_and_what_kubelet_renews_do_not_count(well: Watched) -> None:
    others = (f"{PKI}/ca.crt", "/var/lib/kubelet/pki/kubelet.crt", "/etc/kubernetes/kubelet.conf")
    found = {"c1": (lasting(300), *(lasting(1, path) for path in others))}
    assert plan(found, well, NOW).due == {}


def test_a_renewal_that_was_cut_off_is_done_again(well: Watched) -> None:
    assert plan({"c1": (lasting(364),)}, well, NOW, cut_off=["c1"]).due == {"c1": "a renewal was cut off"}


def test_it_is_refused_where_etcd_needs_every_member(sick: Sick) -> None:
    assert plan({"c1": (lasting(1),)}, sick("c2"), NOW).refusals[0].startswith("etcd has 3 members")


def test_certificates_that_have_ended_are_renewed_though_the_api_is_silent() -> None:
    made = plan({"c1": (lasting(-3),)}, None, NOW)
    assert made.due == {"c1": "apiserver.crt is good for -3 days"}
    assert made.refusals == ()


def test_a_node_that_could_not_be_asked_refuses(well: Watched) -> None:
    assert plan({"c1": "no route"}, well, NOW).refusals == ("c1 could not be asked: no route",)
