"""How far a node has come, whom kubernetes refuses, and what it reads from a cluster's answers."""

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploys.hostops.facts import HostFact
from deploys.kubernetes.facts import AdminConf, JoinTicket, MembershipFact, Nodes
from deploys.kubernetes.plan import (
    DROP_IN,
    ETC,
    MEMBER,
    TRACES,
    Membership,
    NodeStatus,
    Ticket,
    label_steps,
    membership,
    parse_nodes,
    parse_ticket,
    refusals,
    unregistered,
    wanted_labels,
    why_not_this_cluster,
)
from nightfleet.site import Site

Inventory = Callable[[str], Site]
RECORDED = Path(__file__).parent / "recorded"
TOKEN, CA_HASH = "k2j8fq.0p3v9xw4h6t1m5zr", f"sha256:{'9f' * 32}"
JOIN_COMMAND = f"kubeadm join 10.77.0.11:6443 --token {TOKEN} --discovery-token-ca-cert-hash {CA_HASH} "
# `ls` on the lab's first control plane and on a worker
FIRST = """\
/etc/kubernetes/admin.conf
/etc/kubernetes/controller-manager.conf
/etc/kubernetes/kubelet.conf
/etc/kubernetes/kubelet.d/90-nightfleet.conf
/etc/kubernetes/nightfleet/member
/etc/kubernetes/pki/ca.crt
/etc/kubernetes/scheduler.conf
/etc/kubernetes/super-admin.conf
"""
WORKER = """\
/etc/kubernetes/kubelet.conf
/etc/kubernetes/kubelet.d/90-nightfleet.conf
/etc/kubernetes/nightfleet/member
/etc/kubernetes/pki/ca.crt
"""


# Membership and refusals


@pytest.mark.parametrize("said", [FIRST, WORKER], ids=["first control plane", "worker"])
def test_a_node_with_marker_and_kubeconfig_is_a_member(said: str) -> None:
    assert membership(said.splitlines()) is Membership.MEMBER


@pytest.mark.parametrize("said", [FIRST, WORKER], ids=["first control plane", "worker"])
def test_without_the_marker_it_was_interrupted(said: str) -> None:
    assert membership(said.replace(f"{MEMBER}\n", "").splitlines()) is Membership.HALF


def test_files_of_a_cluster_that_we_did_not_make_are_told_by_what_is_not_beside_them() -> None:
    said = FIRST.replace(f"{MEMBER}\n", "").replace(f"{DROP_IN}\n", "")
    assert membership(said.splitlines()) is Membership.FOREIGN


def test_a_blank_or_prepared_machine_is_no_member() -> None:
    assert membership([]) is Membership.NONE
    assert membership([DROP_IN]) is Membership.NONE


def test_after_kubeadm_reset_a_left_over_marker_makes_no_member() -> None:
    assert membership([MEMBER, DROP_IN]) is Membership.NONE


@given(
    st.sets(st.sampled_from([*sorted(TRACES), DROP_IN, f"{ETC}/nightfleet/member", f"{ETC}/scheduler.conf"]))
)
def test_kubeadm_continues_only_over_what_it_left_beside_our_file(found: set[str]) -> None:
    if membership(found) is Membership.HALF:
        assert DROP_IN in found
        assert found & TRACES


def test_a_foreign_cluster_is_refused_with_the_way_out() -> None:
    (reason,) = refusals(Membership.FOREIGN)
    assert "kubeadm reset" in reason
    for other in (Membership.NONE, Membership.HALF, Membership.MEMBER):
        assert refusals(other) == []


# The ticket


def test_a_ticket_is_read_from_kubeadms_join_command() -> None:
    ticket = parse_ticket([JOIN_COMMAND])
    assert (ticket.token, ticket.ca_hash) == (TOKEN, CA_HASH)


def test_a_ticket_for_a_control_plane_has_the_key_that_kubeadm_printed() -> None:
    said = [JOIN_COMMAND, "[upload-certs] Using certificate key:", "ab" * 32]
    assert parse_ticket(said) == Ticket(TOKEN, CA_HASH, "10.77.0.11:6443", "ab" * 32)
    assert parse_ticket(said[:1]).certificate_key == ""


def test_a_ticket_never_shows_its_secrets() -> None:
    ticket = Ticket(TOKEN, CA_HASH, "10.77.0.11:6443", "ab" * 32)
    assert TOKEN not in f"{ticket} {ticket!r} {[ticket]}"
    assert "abab" not in f"{ticket!r}"


def test_only_a_control_planes_ticket_uploads_the_clusters_keys() -> None:
    assert "upload-certs" not in JoinTicket().command()
    asked = JoinTicket().command(version="1.36.3")
    assert "kubeadm init phase upload-certs --upload-certs --config /dev/stdin" in asked
    assert "kubernetesVersion: v1.36.3" in asked


def test_a_cluster_that_knows_itself_by_another_address_gets_no_further_control_plane(lab: Site) -> None:
    assert why_not_this_cluster(lab, Ticket(TOKEN, CA_HASH, lab.endpoint)) == []
    (reason,) = why_not_this_cluster(lab, Ticket(TOKEN, CA_HASH, "10.9.9.9:6443"))
    assert reason.startswith("the cluster was begun at 10.9.9.9:6443, and the site file says 10.77.0.11:6443")
    assert "kubernetes: {endpoint: '10.9.9.9:6443'}" in reason


@pytest.mark.parametrize("said", ["", "error: etcdserver: request timed out", "kubeadm join --token x"])
def test_what_is_no_join_command_is_an_error(said: str) -> None:
    with pytest.raises(ValueError, match="no join command"):
        parse_ticket([said])


# Nodes and labels


def recorded_nodes() -> dict[str, NodeStatus]:
    """Return a cluster of the lab just after lab-w1 lost its network."""
    return parse_nodes((RECORDED / "nodes.json").read_text(encoding="utf-8").splitlines())


def test_nodes_are_read_from_the_api_servers_answer() -> None:
    nodes = recorded_nodes()
    assert {name: status.ready for name, status in nodes.items()} == {
        "lab-c1": True,
        "lab-w1": False,
        "lab-w2": True,
    }
    assert nodes["lab-w1"].labels["kubernetes.io/hostname"] == "lab-w1"


def test_a_node_that_has_said_nothing_yet_is_not_ready() -> None:
    assert not parse_nodes(['{"items": [{"metadata": {"name": "new"}, "status": {}}]}'])["new"].ready


def test_a_labelled_cluster_needs_no_step(lab: Site) -> None:
    assert label_steps(lab.fleet, recorded_nodes()) == []


def test_only_missing_and_different_labels_are_set(lab: Site) -> None:
    found = recorded_nodes()
    worker = found["lab-w1"]
    wrong = {**worker.labels, "nightfleet/class": "old"}
    del wrong["node-role.kubernetes.io/worker"]
    found["lab-w1"] = replace(worker, labels=wrong)
    assert label_steps(lab.fleet, found) == [
        ("lab-w1", ["node-role.kubernetes.io/worker=", "nightfleet/class=host"])
    ]


def test_a_node_of_this_run_that_is_not_registered_yet_is_labelled_and_waited_for(lab: Site) -> None:
    found = recorded_nodes()
    del found["lab-w1"], found["lab-w2"]
    late = unregistered(lab.fleet, {"lab-c1", "lab-w1"}, found)
    assert list(late) == ["lab-w1"]
    assert not late["lab-w1"].ready
    assert [name for name, _ in label_steps(lab.fleet, {**found, **late})] == ["lab-w1"]


def test_labels_of_the_site_file_are_wanted_and_only_workers_are_called_so(inventory: Inventory) -> None:
    rack = inventory("rack")
    assert wanted_labels(rack.node("rack-g8")) == {
        "node-role.kubernetes.io/worker": "",
        "nightfleet/class": "gpu",
        "rack": "right",
        "gpu": "h100",
    }
    assert wanted_labels(rack.first_control_plane) == {"nightfleet/class": "control"}


# Questions, really asked where there is no cluster


@pytest.mark.parametrize(
    "fact", [MembershipFact, JoinTicket, Nodes, AdminConf], ids=lambda fact: fact.__name__
)
def test_before_the_cluster_has_begun_a_question_has_no_answer_and_is_no_error(
    fact: type[HostFact], tmp_path: Path
) -> None:
    command = fact().command().replace(ETC, str(tmp_path))  # type: ignore[operator]
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
