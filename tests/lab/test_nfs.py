"""Shared storage on real hosts: NFS-Ganesha serves, and clients in user space, each with the address of a
host, see what they are let in to and nothing else.

Mounts by the kernel are in tests/vm: the kernel of most machines that run labs has no NFS.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from nightfleet.converge import NodeState
from nightfleet.errors import Exit
from tests.lab.cluster import HOME, Cluster, wait_until
from tests.lab.conftest import laid_out

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="hosts are booted by root only")
pytest.importorskip("nfs_rs", reason="the NFS client in user space is there for x86_64 only")

SERVER, ONE, TWO, STRANGER = "nfn-s1", "nfn-w1", "nfn-w2", "nfn-w3"
VISION, SPEECH, MODELS = "/srv/nfs/teams/vision", "/srv/nfs/teams/speech", "/srv/nfs/models"
LET_IN = ("speech: {clients: [10.96.0.22]}", "speech: {clients: [10.96.0.21, 10.96.0.22]}")
MOUNT = "\n  mounts:\n    data: {export: models, at: /mnt/models, cache: true, on: nfn-w1}\n\nlab:\n"


@dataclass(frozen=True, slots=True)
class Storage:
    """The site with its server, and its hosts as clients."""

    cluster: Cluster

    def said(
        self, host: str, share: str, *words: str, user: int = 2001
    ) -> "subprocess.CompletedProcess[str]":
        """Use a share with the address of a host, to whatever end it comes."""
        leader = self.cluster.host(host).leader()
        assert leader is not None
        enter = ["nsenter", "--target", str(leader.pid), "--net"]
        server = str(self.cluster.site.node(SERVER).address)
        client = [sys.executable, str(HOME / "tests/lab/userspace.py"), server, share, str(user), *words]
        return subprocess.run([*enter, *client], capture_output=True, text=True, timeout=300, check=False)

    def does(self, host: str, share: str, *words: str, user: int = 2001) -> str:
        done = self.said(host, share, *words, user=user)
        assert done.returncode == 0, f"{host} {share} {words}: {done.stderr}"
        return done.stdout.rstrip("\n")

    def why_not(self, host: str, share: str, *words: str) -> str:
        done = self.said(host, share, *words)
        assert done.returncode != 0, f"{host} {share} {words}: {done.stdout}"
        return done.stderr.partition(":")[0]

    def process(self) -> str:
        return self.cluster.ask(
            SERVER, "systemctl show --value --property MainPID nightfleet-ganesha"
        ).strip()


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storage]:
    """Return the hosts, of which one serves."""
    with laid_out("nfs", tmp_path_factory.mktemp("state")) as cluster:
        cluster.nightfleet("lab", "up", "--hosts-only")
        report = cluster.converge("--only", "nfs_server")
        assert {node.name: node.state for node in report.nodes} == {
            SERVER: NodeState.CHANGED,
            **dict.fromkeys((ONE, TWO, STRANGER), NodeState.UNCHANGED),
        }
        wait_until(lambda: answers(cluster), "the server to answer", 30)
        yield Storage(cluster)


def answers(cluster: Cluster) -> bool:
    return bool(cluster.ask(SERVER, "ss -Hltn 'sport = :2049'"))


def test_a_second_run_changes_nothing(storage: Storage) -> None:
    report = storage.cluster.converge("--only", "nfs_server")
    assert {node.state for node in report.nodes} == {NodeState.UNCHANGED}


def test_every_check_of_the_server_passes(storage: Storage) -> None:
    checks = storage.cluster.nightfleet("verify", "--only", "nfs_server")["checks"]
    assert {check["node"] for check in checks} == {SERVER}
    assert len(checks) == 5
    assert [check for check in checks if check["outcome"] != "passed"] == []


def test_what_one_host_writes_another_reads_and_the_other_way_round(storage: Storage) -> None:
    assert storage.does(ONE, VISION, "write", "from-one", "hello from one") == "14"
    assert storage.does(TWO, VISION, "read", "from-one") == "hello from one"
    storage.does(TWO, VISION, "write", "from-two", "hello from two")
    assert storage.does(ONE, VISION, "read", "from-two") == "hello from two"


def test_a_file_of_a_user_is_that_users_and_roots_is_nobodys(storage: Storage) -> None:
    storage.does(ONE, VISION, "write", "of-a-user", "x", user=2001)
    storage.does(ONE, VISION, "write", "of-root", "x", user=0)
    owners = storage.cluster.ask(SERVER, f"stat -c %u {VISION}/of-a-user {VISION}/of-root")
    assert owners.split() == ["2001", "65534"]
    assert storage.does(TWO, VISION, "owner", "of-a-user") == "2001"


# Before anybody is refused: a client that was leaves its name with the server, which then waits for it.


def test_a_server_that_was_away_is_back_with_everything(storage: Storage) -> None:
    storage.does(ONE, VISION, "write", "kept", "from before")
    storage.cluster.ask(SERVER, "systemctl stop nightfleet-ganesha")
    assert storage.why_not(TWO, VISION, "read", "kept") == "NfsConnectionError"
    report = storage.cluster.converge("--only", "nfs_server")
    assert report.nodes[0].state is NodeState.CHANGED
    wait_until(lambda: answers(storage.cluster), "the server to answer", 30)
    assert storage.does(TWO, VISION, "read", "kept") == "from before"
    storage.does(TWO, VISION, "write", "after", "from after")


def test_a_server_that_was_killed_comes_back_by_itself(storage: Storage) -> None:
    before = storage.process()
    storage.cluster.ask(SERVER, f"kill -9 {before}")
    wait_until(
        lambda: storage.process() not in ("0", before) and answers(storage.cluster), "another server", 30
    )
    assert storage.does(ONE, VISION, "read", "kept") == "from before"
    assert {node.state for node in storage.cluster.converge("--only", "nfs_server").nodes} == {
        NodeState.UNCHANGED
    }


def test_a_tenants_folder_is_not_there_for_another_tenant(storage: Storage) -> None:
    storage.does(TWO, SPEECH, "write", "secret", "of speech")
    assert storage.why_not(ONE, SPEECH, "read", "secret") == "NfsNotFoundError"
    assert storage.why_not(ONE, "/srv/nfs/teams", "read", "speech/secret") != ""
    assert storage.why_not(ONE, "/srv/nfs/teams", "write", "mine", "x") != ""


@pytest.mark.parametrize("share", [VISION, SPEECH, MODELS])
def test_a_stranger_finds_nothing_at_all(storage: Storage, share: str) -> None:
    assert storage.why_not(STRANGER, share, "write", "hello", "x") == "NfsNotFoundError"


def test_what_is_for_reading_is_read_and_never_written(storage: Storage) -> None:
    storage.cluster.ask(SERVER, f"echo weights >{MODELS}/model && chmod 644 {MODELS}/model")
    assert storage.does(ONE, MODELS, "read", "model").strip() == "weights"
    assert storage.why_not(ONE, MODELS, "write", "mine", "x").startswith("Nfs")
    assert storage.cluster.ask(SERVER, f"ls {MODELS}").split() == ["model"]


def test_a_client_is_let_in_and_out_again_while_the_server_runs_on(storage: Storage, tmp_path: Path) -> None:
    before = storage.process()
    wider = storage.cluster.edited(tmp_path, LET_IN)
    assert wider.converge("--only", "nfs_server").nodes[0].state is NodeState.CHANGED
    assert storage.does(ONE, SPEECH, "read", "secret") == "of speech"
    assert storage.cluster.converge("--only", "nfs_server").nodes[0].state is NodeState.CHANGED
    assert storage.why_not(ONE, SPEECH, "read", "secret") == "NfsNotFoundError"
    assert storage.process() == before


@pytest.mark.skipif("nfs4" in Path("/proc/filesystems").read_text(), reason="this kernel has an NFS client")
@pytest.mark.parametrize(
    ("capability", "words"),
    [
        ("nfs_client", "has no NFS client, and the site mounts data here"),
        ("cachefilesd", "nfs.mounts.data asks for a cache, and kernel"),
    ],
)
def test_a_kernel_that_cannot_mount_or_cache_is_refused_in_words(
    storage: Storage, tmp_path: Path, capability: str, words: str
) -> None:
    wished = storage.cluster.edited(tmp_path, ("\n\nlab:\n", MOUNT))
    report = wished.converge("--only", capability, ends_with=Exit.REFUSED)
    assert report.unfinished == (ONE,)
    refused = next(node for node in report.nodes if node.name == ONE)
    assert refused.state is NodeState.REFUSED
    assert words in refused.reason


def test_a_server_that_leaves_serves_nothing_and_keeps_the_data(storage: Storage) -> None:
    storage.cluster.by_hand("--limit", SERVER, "deploys/leave.py")  # the last test on these hosts
    assert not answers(storage.cluster)
    left = "ls -d /etc/nightfleet/nfs_server /etc/systemd/system/nightfleet-ganesha.service 2>/dev/null; true"
    assert storage.cluster.ask(SERVER, left) == ""
    assert storage.cluster.ask(SERVER, f"cat {VISION}/kept") == "from before"
