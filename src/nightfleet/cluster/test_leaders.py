"""Who counts as acting."""

from nightfleet.cluster.leaders import resting

AT_9, AT_11 = "2026-11-28T05:39:09.000000Z", "2026-11-28T05:39:11.000000Z"
BOTH = {"kube-controller-manager": AT_9, "kube-scheduler": AT_9}


def test_who_renewed_since_the_first_look_acts() -> None:
    assert resting(BOTH, {"kube-controller-manager": AT_11, "kube-scheduler": AT_11}) == []
    assert resting(BOTH, BOTH | {"kube-scheduler": AT_11}) == ["kube-controller-manager"]


def test_who_has_no_lease_or_loses_it_does_not_act() -> None:
    assert resting({}, {}) == ["kube-controller-manager", "kube-scheduler"]
    assert resting(BOTH, BOTH | {"kube-controller-manager": ""}) == [
        "kube-controller-manager",
        "kube-scheduler",
    ]


def test_a_first_lease_is_a_renewal() -> None:
    assert resting({"kube-controller-manager": "", "kube-scheduler": ""}, BOTH) == []
