"""kubeadm-once.sh, really run by sh, below another root and with a program that stands for kubeadm."""

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploys.kubernetes.operations import SCRIPT

LEFT = "FileAvailable--etc-kubernetes-pki-ca.crt,FileAvailable--etc-kubernetes-manifests-etcd.yaml"
KUBEADM = """#!/bin/sh
echo "$@" >>{root}/calls
echo "[init] working"
while [ -e {root}/wait ]; do /bin/sleep 0.05; done
if [ -e {root}/fail ]; then
  echo "error: the API server is unreachable"
  echo "[WARNING] cgroup v1"
  exit 7
fi
if [ -s {root}/ready ]; then
  echo 'error: a Node with name "w1" and status "Ready" already exists in the cluster'
  exit 1
fi
case "$*" in
*skip-phases=addon/coredns*) ;;
*)
  if [ -e {root}/coredns ]; then
    echo "error: error execution phase addon/coredns: unable to get list of changes to the configuration."
    exit 1
  fi
  ;;
esac
touch {root}/etc/kubernetes/kubelet.conf
echo "it has begun"
"""
SYSTEMCTL = """#!/bin/sh
echo "$@" >>{root}/systemctl-calls
"""
SLEEP = """#!/bin/sh
sed -i 1d {root}/ready
"""  # time passes: a line of `ready` per wait


@dataclass(frozen=True)
class Host:
    """A folder that stands for a host's root."""

    root: Path

    @property
    def member(self) -> Path:
        return self.root / "etc/kubernetes/nightfleet/member"

    @property
    def calls(self) -> list[str]:
        path = self.root / "calls"
        return path.read_text().splitlines() if path.exists() else []

    def once(self, words: str = "init --config x") -> subprocess.Popen[str]:
        script = SCRIPT.replace("/etc/kubernetes", f"{self.root}/etc/kubernetes")
        script = script.replace("/run/", f"{self.root}/run/")
        return subprocess.Popen(
            ["sh", "-c", f"{script}\nmay_be_there={LEFT}\nonce {words}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={**os.environ, "PATH": f"{self.root}:{os.environ['PATH']}"},
        )

    def wait_for_calls(self, number: int) -> None:
        deadline = time.monotonic() + 20
        while len(self.calls) < number:
            assert time.monotonic() < deadline
            time.sleep(0.02)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    (tmp_path / "run").mkdir()
    for name, text in (("kubeadm", KUBEADM), ("systemctl", SYSTEMCTL), ("sleep", SLEEP)):
        (tmp_path / name).write_text(text.format(root=tmp_path))
        (tmp_path / name).chmod(0o755)
    return Host(tmp_path)


def test_success_makes_a_member_and_the_second_run_does_nothing(host: Host) -> None:
    first = host.once()
    assert first.communicate(timeout=20)[0].endswith("it has begun\n")
    assert first.returncode == 0
    assert host.member.exists()
    second = host.once()
    assert second.communicate(timeout=20)[0] == "finished by another run\n"
    assert host.calls == ["init --config x"]


def test_failure_makes_no_member_says_why_and_may_be_tried_again(host: Host) -> None:
    (host.root / "fail").touch()
    failed = host.once()
    assert failed.communicate(timeout=20)[1].splitlines()[-1] == "error: the API server is unreachable"
    assert failed.returncode == 7
    assert not host.member.exists()
    (host.root / "fail").unlink()
    assert host.once().wait(timeout=20) == 0
    assert host.member.exists()
    assert [path.name for path in (host.root / "run").iterdir()] == ["nightfleet-kubeadm.lock"]


def test_two_at_once_run_it_once(host: Host) -> None:
    (host.root / "wait").touch()
    first = host.once()
    host.wait_for_calls(1)
    second = host.once()
    time.sleep(0.3)
    assert len(host.calls) == 1
    (host.root / "wait").unlink()
    assert first.wait(timeout=20) == 0
    assert second.communicate(timeout=20)[0] == "finished by another run\n"
    assert len(host.calls) == 1


@pytest.mark.parametrize("fails", [False, True])
def test_a_run_whose_controller_is_gone_ends_all_the_same(host: Host, fails: bool) -> None:
    (host.root / "wait").touch()
    if fails:
        (host.root / "fail").touch()
    run = host.once()
    host.wait_for_calls(1)
    assert run.stdout and run.stderr
    run.stdout.close()
    run.stderr.close()
    os.kill(run.pid, signal.SIGHUP)
    (host.root / "wait").unlink()
    run.wait(timeout=20)
    assert host.member.exists() is not fails
    assert [path.name for path in (host.root / "run").iterdir()] == ["nightfleet-kubeadm.lock"]


def test_after_kubeadm_reset_the_marker_that_it_leaves_does_not_count(host: Host) -> None:
    assert host.once().wait(timeout=20) == 0
    (host.root / "etc/kubernetes/kubelet.conf").unlink()
    assert host.once("join --config y").wait(timeout=20) == 0
    assert host.calls == ["init --config x", "join --config y"]


def test_a_join_that_was_cut_off_waits_until_its_own_node_counts_as_gone(host: Host) -> None:
    (host.root / "ready").write_text("\n\n")
    assert host.once("join --config y").wait(timeout=20) == 0
    assert host.member.exists()
    first, *others = host.calls
    assert first == "join --config y"
    # the first try left files behind, which kubeadm would take for those of another cluster
    assert others == [f"{first} --ignore-preflight-errors={LEFT}"] * 2
    assert (host.root / "systemctl-calls").read_text() == "stop kubelet\n"


def test_an_init_never_stops_kubelet(host: Host) -> None:
    assert host.once().wait(timeout=20) == 0
    assert not (host.root / "systemctl-calls").exists()


def test_an_init_that_was_cut_off_after_coredns_leaves_coredns_alone(host: Host) -> None:
    (host.root / "coredns").touch()
    assert host.once().wait(timeout=20) == 0
    assert host.calls == ["init --config x", "init --config x --skip-phases=addon/coredns"]
