"""Claims about shares: the question never hangs, and what does not answer is named with its holders."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from nightfleet.doctor.shares import QUESTION, asked, judge
from nightfleet.finding import Status
from nightfleet.site import load_site

LINE = "99 28 0:{0} / {1} rw - nfs4 10.0.0.1:/srv/{0} rw,vers=4.2,hard,proto=tcp\n"
STAT = """#!/bin/sh
case "$*" in
  *dead) trap '' TERM; while :; do sleep 1; done ;;
  *stale) echo "stat: cannot read file system information for '$4': Stale file handle" >&2; exit 1 ;;
esac
echo nfs
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three folders that stand for shares, and a stat that waits at one of them as for a dead server."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "stat").write_text(STAT)
    (tmp_path / "bin" / "stat").chmod(0o755)
    for name in ("well", "dead", "stale"):
        (tmp_path / name).mkdir()
    places = enumerate(("well", "dead", "stale"))
    text = "".join(LINE.format(number, tmp_path / name) for number, name in places)
    (tmp_path / "proc" / "self").mkdir(parents=True)
    (tmp_path / "proc" / "self" / "mountinfo").write_text(f"28 1 254:1 / / rw - ext4 /dev/vda1 rw\n{text}")
    return tmp_path


@pytest.fixture
def holder(folder: Path) -> "Iterator[subprocess.Popen[bytes]]":
    """A process that works in the folder whose server is dead."""
    with subprocess.Popen(["sleep", "600"], cwd=folder / "dead") as process:
        (folder / "proc" / str(process.pid)).symlink_to(f"/proc/{process.pid}")
        yield process
        process.kill()


def answer(folder: Path) -> list[str]:
    """Ask this machine, as if it had those mounts; a question that hangs ends the test."""
    environment = {
        **os.environ,
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
        "PROC": str(folder / "proc"),
    }
    done = subprocess.run(
        ["sh", "-c", QUESTION],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout.splitlines()


def test_a_share_that_hangs_and_a_stale_one_are_told_apart_from_one_that_is_well(
    folder: Path, holder: "subprocess.Popen[bytes]"
) -> None:
    said = answer(folder)
    assert f"ok {folder / 'well'}" in said
    assert f"hangs {folder / 'dead'}" in said
    assert f"stale {folder / 'stale'} Stale file handle" in said
    assert f"holds {folder / 'dead'} {holder.pid} sleep" in said
    (finding,) = judge({"gpu-1": said})
    assert finding.status is Status.FAIL
    assert f"{folder / 'dead'} does not answer, held by sleep ({holder.pid})" in finding.what
    assert f"{folder / 'stale'} is stale (Stale file handle), held by nobody" in finding.what


def in_a_pod(folder: Path, pid: int, uid: str, mount: str) -> None:
    """Add a process of a pod as its node sees it: the mount lies at a path of the pod's own."""
    process = folder / "proc" / str(pid)
    process.mkdir()
    (process / "comm").write_text("python3\n")
    (process / "cgroup").write_text(
        f"0::/kubepods.slice/kubepods-pod{uid.replace('-', '_')}.slice/cri-1.scope\n"
    )
    (process / "mountinfo").write_text(f"900 800 0:60 / / rw - overlay overlay rw\n{mount}")


def test_a_pod_that_sees_the_mount_at_a_path_of_its_own_is_named(folder: Path) -> None:
    below = LINE.format(1, "/data").replace("0:1 /", "0:1 /vision")
    in_a_pod(folder, 4711, "7a-1b", LINE.format(1, "/data"))
    in_a_pod(folder, 4712, "7a-1c", below)
    in_a_pod(folder, 4713, "7a-1d", LINE.format(0, "/data"))
    said = answer(folder)
    held = [line for line in said if line.startswith("holds")]
    assert held == [f"holds {folder / 'dead'} {pid} python3" for pid in (4711, 4712)]


def test_the_volume_of_one_pod_is_not_held_by_another_that_shares_its_superblock(folder: Path) -> None:
    place = folder / "kubelet" / "pods" / "7a-1b" / "volumes" / "dead"
    place.mkdir(parents=True)
    (folder / "proc" / "self" / "mountinfo").write_text(LINE.format(1, place))
    in_a_pod(folder, 4711, "7a-1b", LINE.format(1, "/data"))
    in_a_pod(folder, 4712, "7a-1c", LINE.format(1, "/data"))
    (finding,) = judge({"gpu-1": answer(folder)})
    assert finding.what == f"gpu-1: {place} does not answer, held by python3 (4711)"


def test_nodes_whose_shares_answer_are_one_line(folder: Path) -> None:
    mounts = folder / "proc" / "self" / "mountinfo"
    mounts.write_text(f"{mounts.read_text().splitlines()[1]}\n")
    (finding,) = judge({"gpu-1": answer(folder), "gpu-2": []})
    assert finding.status is Status.OK
    assert finding.what == "2 of 2 nodes: every share that is mounted answers"


def test_a_node_that_cannot_be_asked_is_unknown() -> None:
    (finding,) = judge({"gpu-1": None})
    assert finding.status is Status.UNKNOWN


def test_a_cache_that_is_off_is_a_warning() -> None:
    mount = LINE.format(52, "/mnt/data").replace("hard", "hard,fsc").strip()
    off = "v4 0a000001  801 0:52         5d2b:9f3e          no"
    (finding,) = judge({"gpu-1": ["ok /mnt/data", mount, off]})
    assert finding.status is Status.WARN
    assert "FSC no" in finding.what
    (well,) = judge({"gpu-1": ["ok /mnt/data", mount, off.replace(" no", " yes")]})
    assert well.status is Status.OK


def test_many_holders_are_counted() -> None:
    held = [f"holds /mnt/data {pid} python3" for pid in range(7)]
    (finding,) = judge({"gpu-1": ["hangs /mnt/data", *held, "waits 99 tar"]})
    assert finding.what.endswith("python3 (4) and 2 more; waiting in the kernel: tar (99)")


def test_a_site_that_mounts_nothing_is_not_asked() -> None:
    site = load_site(Path(__file__).parents[3] / "inventory" / "rack" / "site.yaml")
    assert asked(site) == []


def test_a_site_with_folders_of_a_cephfs_alone_is_asked_as_well(tmp_path: Path) -> None:
    text = (Path(__file__).parents[3] / "inventory" / "rack" / "site.yaml").read_text(encoding="utf-8")
    share = "{path: /team, at: /srv/team, client: team, keyring: k}"
    (tmp_path / "site.yaml").write_text(
        f"{text}\ncephfs: {{monitors: [10.0.9.1], shares: {{team: {share}}}}}\n"
    )
    site = load_site(tmp_path / "site.yaml")
    assert asked(site) == [node.name for node in site.fleet]
