"""Claims about versions that the lock has, or has not."""

from pathlib import Path

import pytest

from nightfleet.site import SiteError, check_versions, load_site
from nightfleet.site.versions import Known, unlisted

KNOWN: Known = {
    **dict.fromkeys(("kubelet", "kubeadm", "kubectl"), ("1.36.3", "1.35.4")),
    "containerd": ("2.3.4", "2.2.0"),
    "runc": ("1.4.3",),
    "cni-plugins": ("1.9.1",),
    "helm": ("3.18.4",),
}


def written(tmp_path: Path, text: str) -> Path:
    """Write a site file."""
    path = tmp_path / "site.yaml"
    path.write_text(text)
    return path


def test_locked_versions_pass(small: str, tmp_path: Path) -> None:
    check_versions(load_site(written(tmp_path, small)), KNOWN)


def test_a_version_that_is_not_locked_is_told_with_the_nearest(small: str, tmp_path: Path) -> None:
    text = f"{small}artifacts:\n  containerd: 2.3.9\n"
    with pytest.raises(SiteError) as caught:
        check_versions(load_site(written(tmp_path, text)), KNOWN)
    (fault,) = caught.value.faults
    assert (fault.line, fault.what) == (14, "containerd 2.3.9 is not in versions.yaml")
    assert fault.hint == "take 2.3.4 (locked: 2.3.4, 2.2.0), or add 2.3.9 with its sha256"


def test_the_kubelets_of_a_range_must_be_locked_too(small: str, tmp_path: Path) -> None:
    text = small.replace("[worker],", "[worker], kubernetes: 1.35.9,")
    with pytest.raises(SiteError) as caught:
        load_site(written(tmp_path, text), KNOWN)
    assert caught.value.where.endswith(":4")
    assert caught.value.what == "kubelet and kubeadm and kubectl 1.35.9 are not in versions.yaml"
    assert caught.value.hint.startswith("take 1.35.4 ")


def test_versions_are_told_in_one_list_with_all_other_faults(small: str, tmp_path: Path) -> None:
    text = f"{small}artifacts: {{runc: 9.9.9}}\n".replace("user:", "usr: x, user:")
    with pytest.raises(SiteError) as caught:
        load_site(written(tmp_path, text), KNOWN)
    assert [fault.line for fault in caught.value.faults] == [7, 13]


def test_an_artifact_that_the_lock_lacks_altogether_is_a_warning_for_those_who_need_it(
    small: str, tmp_path: Path
) -> None:
    routed = load_site(written(tmp_path, small), KNOWN)
    assert not list(unlisted(routed, KNOWN))
    cilium = load_site(written(tmp_path, small.replace("routed", "cilium")), KNOWN)
    assert [fault.what for fault in unlisted(cilium, KNOWN)] == [
        "cilium-chart 1.18.4 is not in versions.yaml yet"
    ]
