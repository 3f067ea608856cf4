"""A member between two versions: what a converge refuses, and what kubeadm has to do in an upgrade."""

from collections.abc import Callable

from deploys.kubernetes.plan import DROP_IN, ETC, MEMBER, Membership
from deploys.kubernetes.standing import (
    Standing,
    converge_refusals,
    standing,
    upgrade_refusals,
    upgrade_words,
)
from nightfleet.site import Site

PATHS = [MEMBER, f"{ETC}/kubelet.conf", f"{ETC}/pki/ca.crt", DROP_IN]
OLD = Standing(Membership.MEMBER, "1.35.4", "1.35.4")
NEW = Standing(Membership.MEMBER, "1.36.3", "1.36.3")


def test_one_answer_tells_membership_kubelet_and_api_server() -> None:
    link, image = "/opt/nightfleet/kubelet/1.35.4-983a6ba5/kubelet", "kube-apiserver:v1.35.4"
    assert standing([*PATHS, link, image]) == OLD
    assert standing([*PATHS, link]) == Standing(Membership.MEMBER, "1.35.4")
    assert standing(["/usr/bin/kubelet"]) == Standing(Membership.NONE, "")


def test_a_converge_changes_no_version_of_a_running_member(lab: Site) -> None:
    (reason,) = converge_refusals(lab, lab.fleet[0], OLD)
    assert reason.startswith("lab-c1 runs kubelet 1.35.4, the site file says 1.36.3; ")
    assert reason.endswith("nightfleet upgrade run --to 1.36.3")
    assert converge_refusals(lab, lab.fleet[0], NEW) == []


def test_a_machine_that_is_no_member_yet_may_get_any_version(lab: Site) -> None:
    left = Standing(Membership.NONE, "1.35.4")
    assert converge_refusals(lab, lab.fleet[0], left) == []
    assert upgrade_refusals(lab.fleet[0], left)
    assert upgrade_refusals(lab.fleet[0], OLD) == []


def test_the_first_control_plane_applies_and_all_others_follow(lab: Site) -> None:
    first, worker = lab.fleet[0], lab.fleet[-1]
    assert upgrade_words(lab, first, OLD) == ("apply", "v1.36.3", "--yes")
    assert upgrade_words(lab, worker, OLD) == ("node",)
    assert upgrade_words(lab, first, NEW) == ()


def test_a_kubelet_that_ran_ahead_of_its_static_pods_does_not_count_as_done(lab: Site) -> None:
    ahead = Standing(Membership.MEMBER, "1.36.3", "1.35.4")
    assert upgrade_words(lab, lab.fleet[0], ahead) == ("apply", "v1.36.3", "--yes")


def test_a_kubelet_that_stays_behind_gets_no_settings_of_a_newer_version(edited: Callable[..., Site]) -> None:
    site = edited("lab", ("roles: [worker]", "roles: [worker]\n    kubernetes: 1.35.4"))
    older = Standing(Membership.MEMBER, "1.34.4")
    assert upgrade_words(site, site.fleet[-1], older) == ()
