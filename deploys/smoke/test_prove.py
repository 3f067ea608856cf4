"""prove.sh, really run by sh, with programs that stand for kubectl and curl."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploys.smoke.operations import SCRIPT

# Answers as a cluster of the lab gave them to the same questions, but for the time that pods take.
KUBECTL = """#!/bin/sh
case "$*" in
*"apply -f -"*) cat >>{root}/applied ;;
*"get daemonset"*) echo 3=3 ;;
*"delete pods"*) echo "$*" >>{root}/deleted ;;
*"get pods"*jsonpath*) cat {root}/pods ;;
*"get pods -o wide"*) echo "smoke-x 0/1 ImagePullBackOff" ;;
*"reason=Pulled"*) cat {root}/pulled; cp {root}/later {root}/pulled ;;
*"get events"*) echo "Failed to pull image" ;;
*"create configmap proof"*) for word; do echo "$word"; done >{root}/proof; echo "kind: ConfigMap" ;;
*) echo "what is $*?" >&2; exit 1 ;;
esac
"""
CURL = """#!/bin/sh
for word; do url=$word; done
echo "$url" >>{root}/asked
case $url in
*host=10.78.99.9*) echo '{{"errors":["timeout"]}}' ;;
*) echo '{{"responses":["smoke-x"]}}' ;;
esac
"""
PULLED = "Successfully pulled image agnhost in 1.2s"
TWO = "w1|10.78.21.4|smoke-a|True|\nw2|10.78.22.3|smoke-b|True|\n"


@dataclass(frozen=True)
class Cluster:
    """A folder with programs, what they answer, and what they were asked."""

    root: Path

    def prove(self, workers: str, pods: str, timeout: int = 2) -> subprocess.CompletedProcess[str]:
        (self.root / "pods").write_text(pods)
        values = f"NAMESPACE=ns SERVICE=smoke.ns.svc TIMEOUT={timeout} FINGERPRINT=f00d WORKERS='{workers}'"
        return subprocess.run(
            ["sh", "-c", f"{values}\n{SCRIPT}"],
            input="a2luZDogTmFtZXNwYWNlCg==\n",
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PATH": f"{self.root}:{os.environ['PATH']}"},
        )

    def told(self, name: str) -> list[str]:
        path = self.root / name
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    (tmp_path / "pulled").touch()  # events come later than what they tell of
    (tmp_path / "later").write_text("".join(f"smoke-{one}|{PULLED}\n" for one in "zab"))
    for name, text in (("kubectl", KUBECTL), ("curl", CURL)):
        (tmp_path / name).write_text(text.format(root=tmp_path))
        (tmp_path / name).chmod(0o755)
    return Cluster(tmp_path)


def test_two_workers_resolve_and_talk_both_ways_and_the_proof_is_kept(cluster: Cluster) -> None:
    done = cluster.prove("w1 w2", TWO)
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.rpartition(":")[2] for line in done.stdout.splitlines()] == [" w2", " w1"]
    asked = [url.partition("/dial?")[::2] for url in cluster.told("asked")]
    assert [(sender, query.split("&")[0]) for sender, query in asked] == [
        ("http://10.78.21.4:8080", "host=smoke.ns.svc"),
        ("http://10.78.21.4:8080", "host=10.78.22.3"),
        ("http://10.78.22.3:8080", "host=smoke.ns.svc"),
        ("http://10.78.22.3:8080", "host=10.78.21.4"),
    ]
    proof = cluster.told("proof")
    assert "--from-literal=fingerprint=f00d" in proof
    assert "w2|smoke-b|10.78.22.3|Successfully pulled image agnhost in 1.2s|smoke.ns.svc|w1" in proof


def test_a_pull_that_no_event_tells_of_proves_nothing_less(cluster: Cluster) -> None:
    (cluster.root / "later").write_text(f"smoke-z|{PULLED}\n")
    (cluster.root / "sleep").write_text("#!/bin/sh\n")
    (cluster.root / "sleep").chmod(0o755)
    done = cluster.prove("w1", TWO)
    assert done.returncode == 0, done.stderr
    assert "w1|smoke-a|10.78.21.4|no event told of its pull|smoke.ns.svc|" in "\n".join(cluster.told("proof"))


def test_a_worker_that_is_down_is_neither_waited_for_nor_asked(cluster: Cluster) -> None:
    # its pod stays listed, and Running, for minutes
    pods = TWO + "w3|10.78.99.9|smoke-c|True|\nw4|||False|\n"
    assert cluster.prove("w1 w2", pods).returncode == 0
    assert not [url for url in cluster.told("asked") if "10.78.99.9" in url]
    deleted = [line.partition("spec.nodeName=")[2].split()[0] for line in cluster.told("deleted")]
    assert deleted == ["w1", "w2"]


def test_the_pods_of_the_last_proof_prove_nothing(cluster: Cluster) -> None:
    done = cluster.prove("w1 w2", TWO.replace("smoke-b|True|", "smoke-b|True|2026-11-23T11:18:26Z"))
    assert done.returncode == 1
    assert "did not become ready" in done.stderr
    assert "ImagePullBackOff" in done.stderr
    assert "Failed to pull image" in done.stderr
    assert cluster.told("proof") == []


def test_a_pod_that_does_not_answer_is_named_and_nothing_is_proven(cluster: Cluster) -> None:
    done = cluster.prove("w1 w2", TWO.replace("10.78.22.3", "10.78.99.9"))
    assert done.returncode == 1
    assert 'w1 reaches the pod on w2: no answer within 2 s: {"errors":["timeout"]}' in done.stderr
    assert cluster.told("proof") == []


def test_one_worker_alone_proves_that_it_resolves(cluster: Cluster) -> None:
    done = cluster.prove("w1", TWO)
    assert done.returncode == 0
    assert len(cluster.told("asked")) == 1


def test_without_a_ready_worker_nothing_is_applied(cluster: Cluster) -> None:
    done = cluster.prove("", TWO)
    assert done.returncode == 1
    assert "no worker is Ready" in done.stderr
    assert cluster.told("applied") == []
