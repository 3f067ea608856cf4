"""Claims about answers of hosts and API servers, as they were heard."""

from nightfleet.upgrade.observed import Budget, Deprecated, read_budget, read_deprecated, read_host

HOST = """\
kubelet=/opt/nightfleet/kubelet/1.35.4-983a6ba5/kubelet
kubeadm=/opt/nightfleet/kubeadm/1.36.3-bba1733c/kubeadm
containerd=/opt/nightfleet/containerd/2.3.4-9d689698/bin/containerd
runc=/opt/nightfleet/runc/1.4.3-f6ae8efc/runc
kube-apiserver=1.36.3
kube-scheduler=1.35.4
free=/ 1000 4096
free=/var/lib/containerd 10 512
"""
METRICS = """\
# HELP apiserver_requested_deprecated_apis [STABLE] Gauge of deprecated APIs
apiserver_requested_deprecated_apis{group="",removed_release="",resource="componentstatuses",version="v1"} 1
apiserver_requested_deprecated_apis{group="policy",removed_release="1.25",resource="psp",version="v1beta1"} 1
apiserver_request_total 3
"""


def test_a_host_says_its_versions_and_its_room() -> None:
    host = read_host("c1", HOST)
    assert dict(host.versions) == {
        "kubelet": "1.35.4",
        "kubeadm": "1.36.3",
        "containerd": "2.3.4",
        "runc": "1.4.3",
        "kube-apiserver": "1.36.3",
        "kube-scheduler": "1.35.4",
    }
    assert dict(host.free) == {"/": 4096000, "/var/lib/containerd": 5120}


def test_a_program_that_nightfleet_did_not_install_has_no_version() -> None:
    assert dict(read_host("w1", "kubelet=/usr/bin/kubelet\nrunc=\n").versions) == {}


def test_deprecated_apis_count_when_a_release_without_them_is_known() -> None:
    assert read_deprecated(METRICS.splitlines()) == (Deprecated("psp.v1beta1.policy", "1.25"),)


def test_a_budget_without_a_status_lets_nothing_go() -> None:
    assert read_budget({"metadata": {"namespace": "lab", "name": "web"}}) == Budget("lab/web", 0)
