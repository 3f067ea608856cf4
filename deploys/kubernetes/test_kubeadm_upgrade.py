"""kubeadm-upgrade.sh, really run by sh, below another root and with a program that stands for kubeadm."""

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploys.kubernetes.upgrading import SCRIPT

KUBEADM = """#!/bin/sh
echo "$@" >>{root}/calls
while [ -e {root}/wait ]; do sleep 0.05; done
if [ -e {root}/fail ]; then
  echo "error: etcd is not healthy"
  exit 7
fi
case "$*" in
*skip-phases=addon/coredns*) ;;
*)
  if [ -e {root}/coredns ]; then
    echo "[ERROR CoreDNSMigration]: start version '1.14.3' not supported"
    exit 1
  fi
  ;;
esac
echo "SUCCESS"
"""
CURL = "#!/bin/sh\nexit 0\n"
WORDS = "1.36.3 10.0.0.1:6443 apply v1.36.3 --yes --ignore-preflight-errors=CreateJob"


@dataclass(frozen=True)
class Host:
    """A folder that stands for a host's root."""

    root: Path

    @property
    def mark(self) -> str:
        path = self.root / "etc/kubernetes/nightfleet/upgraded"
        return path.read_text().strip() if path.exists() else ""

    @property
    def calls(self) -> list[str]:
        path = self.root / "calls"
        return path.read_text().splitlines() if path.exists() else []

    def upgrade(self, words: str = WORDS) -> "subprocess.Popen[str]":
        script = SCRIPT.replace("/etc/kubernetes", f"{self.root}/etc/kubernetes")
        return subprocess.Popen(
            ["sh", "-c", f"{script.replace('/run/', f'{self.root}/run/')}\nupgrade {words}"],
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
    (tmp_path / "etc/kubernetes/nightfleet").mkdir(parents=True)
    for name, text in (("kubeadm", KUBEADM), ("curl", CURL)):
        (tmp_path / name).write_text(text.format(root=tmp_path))
        (tmp_path / name).chmod(0o755)
    return Host(tmp_path)


def test_an_upgrade_is_done_once_for_each_version(host: Host) -> None:
    assert host.upgrade().communicate(timeout=20)[0] == "SUCCESS\n"
    assert host.mark == "1.36.3"
    assert host.upgrade().communicate(timeout=20)[0] == "finished by another run\n"
    assert host.calls == ["upgrade apply v1.36.3 --yes --ignore-preflight-errors=CreateJob"]
    assert host.upgrade("1.37.0 10.0.0.1:6443 node").wait(timeout=20) == 0
    assert (host.mark, host.calls[-1]) == ("1.37.0", "upgrade node")


def test_a_failure_says_why_leaves_no_mark_and_may_be_tried_again(host: Host) -> None:
    (host.root / "fail").touch()
    failed = host.upgrade()
    assert failed.communicate(timeout=20)[1].splitlines()[-1] == "error: etcd is not healthy"
    assert (failed.returncode, host.mark) == (7, "")
    (host.root / "fail").unlink()
    assert host.upgrade().wait(timeout=20) == 0
    assert [path.name for path in (host.root / "run").iterdir()] == ["nightfleet-kubeadm.lock"]


def test_a_second_controller_waits_for_the_run_that_a_killed_one_left_behind(host: Host) -> None:
    (host.root / "wait").touch()
    first = host.upgrade()
    host.wait_for_calls(1)
    assert first.stdout and first.stderr
    first.stdout.close()
    first.stderr.close()
    os.kill(first.pid, signal.SIGHUP)
    second = host.upgrade()
    time.sleep(0.3)
    assert len(host.calls) == 1
    (host.root / "wait").unlink()
    assert first.wait(timeout=20) == 0
    assert second.communicate(timeout=20)[0] == "finished by another run\n"


def test_a_coredns_that_kubeadm_does_not_know_is_left_alone(host: Host) -> None:
    (host.root / "coredns").touch()
    assert host.upgrade().wait(timeout=20) == 0
    ignored = "--ignore-preflight-errors=CreateJob,CoreDNSMigration,CoreDNSUnsupportedPlugins"
    assert host.calls[-1] == f"upgrade apply v1.36.3 --yes {ignored} --skip-phases=addon/coredns"
