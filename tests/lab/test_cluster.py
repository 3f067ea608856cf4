"""Lab tier: the main job. One command takes blank hosts to a proven cluster; again, it changes nothing."""

import json
import os
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from nightfleet.converge import ConvergeReport, NodeState, OperationState
from nightfleet.home import home
from tests.lab.cluster import PROGRAMS, Cluster, report_of, wait_until

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="hosts are booted by root only")
GIB = 2**30
MIRROR = "mirror.nightfleet.internal"
KUBECTL = "kubectl --kubeconfig /etc/kubernetes/admin.conf"


def changed(report: ConvergeReport) -> dict[str, list[str]]:
    """Return the operations that changed something, by node."""
    return {
        node.name: [op.name for op in node.operations if op.state is OperationState.CHANGED]
        for node in report.nodes
    }


def unchanged(results: Any) -> set[str]:
    """Return the hosts that pyinfra worked on; it changed nothing and nothing failed."""
    assert (results["totals"]["success"], results["totals"]["error"]) == (0, 0)
    return {host for done in results["operations"] for host in done["no_change"]}


def pull(cluster: Cluster, node: str, upstream: str) -> None:
    """Pull an image that no worker has, from an upstream that there is only through the registry."""
    image = f"{upstream}/registry.k8s.io/kube-scheduler:v{cluster.site.artifacts.kubernetes}"
    cluster.ask(node, f"ctr -n k8s.io images pull --hosts-dir /etc/containerd/certs.d {image} >/dev/null")


def containerd(cluster: Cluster, node: str) -> str:
    """Return what changes with every start of containerd."""
    show = "systemctl show containerd --property=MainPID,ExecMainStartTimestampMonotonic"
    return cluster.ask(node, show)


def containers(cluster: Cluster) -> str:
    """Return every container of every pod, and how often it was restarted."""
    path = (
        "{range .items[*]}{.metadata.name}{.status.containerStatuses[*]['containerID','restartCount']}{end}"
    )
    return cluster.ask("nft-c1", f"{KUBECTL} get pods -A -o jsonpath={shlex.quote(path)}")


def test_one_command_takes_blank_hosts_to_a_ready_cluster(cluster: Cluster, started: Any) -> None:
    nodes = {node["name"]: node for node in started["cluster"]["nodes"]}
    assert list(nodes) == ["nft-c1", "nft-w1", "nft-w2"]
    assert {node["ready"] for node in nodes.values()} == {"True"}
    assert {node["version"] for node in nodes.values()} == {f"v{cluster.site.artifacts.kubernetes}"}
    assert nodes["nft-c1"]["roles"] == ["control_plane", "registry"]
    assert {node.state for node in report_of(started["converge"]).nodes} == {NodeState.CHANGED}


def test_every_worker_is_proven_by_a_pod_that_pulled_resolved_and_talked(
    cluster: Cluster, started: Any
) -> None:
    proofs = {proof["worker"]: proof for proof in started["cluster"]["proofs"]}
    assert sorted(proofs) == cluster.workers == ["nft-w1", "nft-w2"]
    assert {name: proof["peers"] for name, proof in proofs.items()} == {
        "nft-w1": "nft-w2",
        "nft-w2": "nft-w1",
    }
    for name, number in (("nft-w1", 21), ("nft-w2", 22)):
        assert proofs[name]["address"].startswith(f"10.99.{number}.")
        assert 'Successfully pulled image "registry.k8s.io/' in proofs[name]["pulled"]
        assert proofs[name]["service"] == "smoke.nightfleet-smoke.svc.cluster.local"


def test_images_and_volumes_lie_on_disks_of_their_own_as_large_as_planned(
    cluster: Cluster, started: Any
) -> None:
    assert cluster.site.lab is not None
    disks = cluster.site.lab.disks
    for node in started["cluster"]["nodes"]:
        for fs in ("imagefs", "nodefs"):
            assert 0.95 < node[fs] / (disks[fs].size * GIB) <= 1
        mounts = " ".join(disks[fs].mount for fs in ("imagefs", "nodefs"))
        sources = cluster.ask(
            node["name"], f"for m in / {mounts}; do findmnt --noheadings --output SOURCE $m; done"
        )
        assert len(set(sources.splitlines())) == 3, sources


def test_a_second_start_changes_nothing(cluster: Cluster) -> None:
    again = cluster.nightfleet("lab", "up")
    report = report_of(again["converge"])
    assert report.changes == 0
    assert {node.state for node in report.nodes} == {NodeState.UNCHANGED}
    assert len(again["cluster"]["proofs"]) == 2


def test_the_plan_says_that_nothing_would_change(cluster: Cluster) -> None:
    report = report_of(cluster.nightfleet("plan"))
    assert report.dry
    assert changed(report) == {"nft-c1": [], "nft-w1": [], "nft-w2": []}
    assert not any(node.operations for node in report.nodes)


def test_the_whole_story_runs_by_hand_and_changes_nothing(cluster: Cluster) -> None:
    results = cluster.by_hand("deploys/fleet.py")["results"]
    assert unchanged(results) == {"nft-c1", "nft-w1", "nft-w2"}


def test_one_capability_runs_by_hand_on_one_host_and_changes_nothing(cluster: Cluster) -> None:
    results = cluster.by_hand("deploys.containerd.containerd", "--limit", "nft-w1")["results"]
    assert unchanged(results) == {"nft-w1"}


def test_every_check_passes_and_the_command_that_is_printed_does_the_same(cluster: Cluster) -> None:
    assert cluster.faults() == []
    report = json.loads((cluster.operator_files / "verify.json").read_text())
    rooms = {path.parent.name for path in (home() / "deploys").glob("*/verify.py")}
    # a single control plane shares no address, the lab makes the disks, no cloud the machines
    elsewhere = {"endpoint", "disks", "egress"}
    shared = {"nfs_server", "nfs_client", "nfs_volumes", "cachefilesd", "cephfs_client"}  # nothing is, here
    assert {check["capability"] for check in report["checks"]} == rooms - elsewhere - shared
    program, *arguments = report["command"]
    by_hand = cluster.run([str(PROGRAMS / program), *arguments, "-p", "no:cacheprovider"])
    assert f"{len(report['checks'])} passed" in by_hand


def test_an_image_that_nobody_pushed_comes_through_the_registry_and_stays_there(cluster: Cluster) -> None:
    blobs = f"find /var/lib/registry/{MIRROR} -name data -path '*/blobs/sha256/*' | wc -l"
    assert cluster.ask("nft-c1", blobs) == "0"
    pull(cluster, "nft-w1", MIRROR)
    assert int(cluster.ask("nft-c1", blobs)) >= 3  # manifest, configuration, layer


def test_a_new_mirror_is_used_at_once_without_a_restart_of_containerd(
    cluster: Cluster, tmp_path: Path
) -> None:
    line = f'{MIRROR}: {{pull_through: "http://127.0.0.1:5000"}}'
    other = "other.nightfleet.internal"
    more = cluster.edited(tmp_path, (line, f"{line}\n    {line.replace(MIRROR, other)}"))
    before = [containerd(cluster, node) for node in cluster.workers]
    assert changed(more.converge())["nft-w2"] == ["containerd | Write config.toml, mirrors and the unit"]
    address = more.site.node("nft-c1").address
    ready = f"curl -fs http://{address}:{more.site.registry.port_of(other)}/v2/ && echo ready || true"
    wait_until(lambda: "ready" in cluster.ask("nft-c1", ready), f"the registry of {other} to answer")
    pull(cluster, "nft-w2", other)
    assert [containerd(cluster, node) for node in cluster.workers] == before
    # a project that is taken out of the site file keeps its registry until a person removes it
    unit = f"nightfleet-registry@{other}.service"
    cluster.ask("nft-c1", f"systemctl disable --quiet --now {unit}; rm /etc/nightfleet/registry/{other}.yml")


def test_a_setting_changes_what_reads_it_on_every_node_and_pods_live_on(
    cluster: Cluster, tmp_path: Path
) -> None:
    louder = cluster.edited(tmp_path, ("log_level: info", "log_level: debug"))
    expected = ["containerd | Write config.toml, mirrors and the unit", "containerd | Run containerd"]
    pods, daemons = containers(cluster), [containerd(cluster, node.name) for node in cluster.site.fleet]
    everywhere = dict.fromkeys(("nft-c1", "nft-w1", "nft-w2"), expected)
    planned = report_of(louder.nightfleet("plan"))
    assert changed(planned) == dict.fromkeys(everywhere, expected[:1])  # what is written causes the rest
    assert changed(louder.converge()) == everywhere
    assert not set(daemons) & {containerd(cluster, node.name) for node in cluster.site.fleet}
    assert containers(cluster) == pods
    assert louder.converge().changes == 0
    assert changed(cluster.converge()) == everywhere


def test_what_somebody_changed_by_hand_is_put_right_and_told_of_that_host_alone(cluster: Cluster) -> None:
    daemons = {node.name: containerd(cluster, node.name) for node in cluster.site.fleet}
    cluster.ask("nft-w2", "echo '# mine' >>/etc/containerd/config.toml")
    report = cluster.converge()
    assert {node.name: node.state for node in report.nodes} == {
        "nft-c1": NodeState.UNCHANGED,
        "nft-w1": NodeState.UNCHANGED,
        "nft-w2": NodeState.CHANGED,
    }
    assert "# mine" not in cluster.ask("nft-w2", "cat /etc/containerd/config.toml")
    restarted = [name for name, before in daemons.items() if containerd(cluster, name) != before]
    assert restarted == ["nft-w2"]
    assert cluster.converge("nft-w2").changes == 0


def test_the_operator_has_a_kubeconfig_that_nobody_else_reads(cluster: Cluster) -> None:
    kubeconfig = cluster.operator_files / "kubeconfig"
    assert kubeconfig.stat().st_mode & 0o777 == 0o600
    assert kubeconfig.parent.stat().st_mode & 0o077 == 0
    assert kubeconfig.read_text().strip() == cluster.ask("nft-c1", "cat /etc/kubernetes/admin.conf")
    assert f"server: https://{cluster.site.endpoint}" in kubeconfig.read_text()


def test_no_secret_of_the_cluster_is_in_what_the_runs_left(cluster: Cluster) -> None:
    cluster.run([str(PROGRAMS / "nightfleet"), "report", "last", "--site", str(cluster.site_file)])
    left = {
        path: path.read_text(errors="replace")
        for path in cluster.operator_files.rglob("*")
        if path.is_file() and path.name != "kubeconfig"
    }
    assert {".json", ".jsonl", ".log"} <= {path.suffix for path in left}
    secrets = secrets_of(cluster)
    assert len(secrets) > 20
    found = {
        f"{path}: {secret[:6]}..." for path, text in left.items() for secret in secrets if secret in text
    }
    assert found == set()
    for path, text in left.items():
        assert not re.search(r"\b[a-z0-9]{6}\.[a-z0-9]{16}\b|PRIVATE KEY", text), path


def secrets_of(cluster: Cluster) -> set[str]:
    """Return every line of a private key, and every token's secret half, that the cluster knows now."""
    keys = cluster.ask(
        "nft-c1",
        "cat $(find /etc/kubernetes/pki /etc/ssh /var/lib/kubelet/pki -name '*key*' ! -name '*.pub');"
        " sed -n 's/.*client-key-data: //p' /etc/kubernetes/*.conf",
    )
    tokens = cluster.ask(
        "nft-c1",
        f"{KUBECTL} -n kube-system get secrets --field-selector type=bootstrap.kubernetes.io/token"
        " -o jsonpath='{range .items[*]}{.data.token-secret}{\"\\n\"}{end}' | while read -r t; do"
        ' echo "$t" | base64 -d; echo; done',
    )
    own = cluster.layout.ssh_key.read_text()
    lines = (line.strip() for text in (keys, tokens, own) for line in text.splitlines())
    return {line for line in lines if len(line) >= 16 and not line.startswith("-----")}


def test_the_last_control_plane_and_the_registry_may_not_leave(cluster: Cluster) -> None:
    done = cluster.ended(cluster.argv("node", "leave", "nft-c1"))
    assert done.returncode == 3, done.stderr
    assert "nft-c1 is the last control plane" in done.stderr
    assert "nft-c1 is the registry" in done.stderr
