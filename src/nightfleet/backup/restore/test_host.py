"""host.sh as a control plane runs it, in a folder."""

import subprocess
from pathlib import Path

import pytest

from nightfleet.backup.restore.look import HOST

ETCDUTL = """#!/bin/sh
while [ $# -gt 0 ]; do [ "$1" != --data-dir ] || dir=$2; shift; done
mkdir -p "$dir/member" && echo new >"$dir/member/db"
"""


class Host:
    """A control plane whose etcd has data."""

    def __init__(self, root: Path) -> None:
        self.root, self.member, self.word = root, root / "etcd/member", "first"
        for folder in ("bin", "etcd/member", "k8s"):
            (root / folder).mkdir(parents=True)
        (self.member / "db").write_text("old\n")
        (root / "bin/etcdutl").write_text(ETCDUTL)
        (root / "bin/etcdutl").chmod(0o755)

    def run(self, call: str) -> subprocess.CompletedProcess[str]:
        text = HOST.replace("/var/lib/etcd", f"{self.root}/etcd").replace(
            "/etc/kubernetes", f"{self.root}/k8s"
        )
        script = f"NODE=c1 ADDRESS=10.0.0.11 RUN={self.word}\n{text}\n{call}"
        env = {"PATH": f"{self.root}/bin:/usr/bin:/bin"}
        return subprocess.run(
            ["sh", "-c", script], env=env, input="snapshot", capture_output=True, text=True, check=False
        )

    @property
    def data(self) -> str:
        return (self.member / "db").read_text().strip()


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """A control plane that was stopped."""
    return Host(tmp_path)


def test_data_is_put_aside_once_and_says_which_restore_put_the_new_one_there(host: Host) -> None:
    for call in ("keep", "keep", "restore c1=https://10.0.0.11:2380", "keep", "restore again"):
        assert host.run(call).returncode == 0
    assert host.data == "new"
    assert (host.root / "etcd/before-first/member/db").read_text() == "old\n"
    assert {"data", "restored first"} <= set(host.run("look").stdout.splitlines())


def test_data_that_is_not_of_this_restore_is_not_taken_for_it(host: Host) -> None:
    done = host.run("restore c1=https://10.0.0.11:2380")
    assert (done.returncode, host.data) == (1, "old")
    assert "is not of this restore" in done.stderr
    host.run("keep")
    host.run("restore c1=https://10.0.0.11:2380")
    host.word = "second"
    assert host.run("restore c1=https://10.0.0.11:2380").returncode == 1


def test_data_under_an_etcd_that_runs_stays_where_it_is(host: Host) -> None:
    done = host.run("ours() { echo 4711; }\nkeep")
    assert (done.returncode, host.data) == (1, "old")
    assert "runs again" in done.stderr
