"""A machine with a kernel of its own joins a cluster, moves onto new disks, and mounts what pods share.

The control plane is a host of the lab, which also serves by NFS; a Ceph is another. One machine goes through
all of this, in the order of the tests. Bytes over the network are those that this machine sent down its line.
"""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nightfleet.cli import lab_up
from tests.lab.ceph_server import serving
from tests.lab.cluster import wait_until
from tests.lab.conftest import laid_out
from tests.vm.mixed import (
    DISKS,
    NODE,
    PATIENT,
    PLANE,
    PODS,
    SERVED,
    SHARED,
    Mixed,
    claim,
    inside,
    into_lab,
    pod,
)
from tests.vm.vm import Vm

HERE = Path(__file__).parent
SIZE = 256 << 20
AWAY = 300  # seconds
SUM = "cat /root/sum 2>/dev/null; true"  # which is made when the server lets its file be opened
KUBECTL = "kubectl --kubeconfig /etc/kubernetes/admin.conf"


@pytest.fixture(scope="module")
def joined(frozen: Vm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mixed]:
    """Return the cluster that the machine has joined, with everything on its root disk."""
    with (
        serving("nft-vm-ceph", "10.91.0.128/26") as ceph,
        laid_out("worker", tmp_path_factory.mktemp("state"), HERE) as there,
    ):
        there.nightfleet("lab", "up", "--hosts-only")
        lab_up.serve(there.site)
        frozen.thaw()
        try:
            into_lab(frozen, there)
            mixed = Mixed(there, frozen, ceph)
            mixed.cluster.converge()
            yield mixed
        finally:
            frozen.cut()


@pytest.fixture(scope="module")
def moved(joined: Mixed, tmp_path_factory: pytest.TempPathFactory) -> Mixed:
    """Return the same after its images and pods have moved onto a new disk, while it was at work."""
    mixed = joined.under(tmp_path_factory.mktemp("operator") / "moved", DISKS)
    labels = {"app": "work"}
    template = {"metadata": {"labels": labels}, "spec": pod("work", "", NODE, ("pause",))["spec"]}
    template["spec"].pop("restartPolicy")
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    deployments = "/apis/apps/v1/namespaces/default/deployments"
    mixed.api.post(deployments, {"metadata": {"name": "work"}, "spec": spec})

    def runs() -> bool:
        return mixed.api.get(f"{deployments}/work")["status"].get("readyReplicas") == 1

    wait_until(runs, "the work to run", PATIENT, 1)
    steps = mixed.cluster.nightfleet("disks", "migrate", NODE)["steps"]
    assert steps
    wait_until(runs, "the work to run again", PATIENT, 1)
    return mixed


@pytest.fixture(scope="module")
def sharing(moved: Mixed, tmp_path_factory: pytest.TempPathFactory) -> Mixed:
    """Return the same with shares by NFS and CephFS, as volumes for pods."""
    folder = tmp_path_factory.mktemp("sharing")
    assert moved.ceph
    moved.ceph.folder("/team")
    moved.ceph.authorize("team", "/team", "rw", folder / "team.keyring")
    mixed = moved.under(folder, SHARED)
    mixed.cluster.converge()
    mixed.cluster.ask(PLANE, f"{KUBECTL} apply -f /etc/nightfleet/cephfs/volumes.yaml")
    for name, volume in (("datasets", "datasets"), ("team", "cephfs-team"), ("plain", "cephfs-plain")):
        mixed.api.post("/api/v1/namespaces/default/persistentvolumeclaims", claim(name, volume))
    write = f"head -c {SIZE} /dev/urandom >{SERVED}/epoch && head -c {SIZE // 4} /dev/urandom >{SERVED}/later"
    mixed.cluster.ask(PLANE, f"{write} && echo of-the-server >{SERVED}/note && chmod 644 {SERVED}/*")
    return mixed


@pytest.fixture(scope="module")
def away(sharing: Mixed) -> Iterator[float]:
    """Take the NFS server away from a pod that reads; return when. The tests from here on are meanwhile."""
    uid = sharing.start("reader", "datasets")
    assert sharing.start("leaver", "datasets")
    sharing.vm.ssh(f"ls {inside(uid)}/later")
    sharing.cluster.ask(PLANE, "systemctl stop nightfleet-ganesha.service")
    reading = f"sha256sum <{inside(uid)}/later >/root/sum"
    sharing.vm.ssh(f"nohup sh -c '{reading}' >/dev/null 2>&1 </dev/null &")
    yield time.monotonic()
    sharing.cluster.ask(PLANE, "systemctl start nightfleet-ganesha.service")


def test_a_machine_with_a_kernel_of_its_own_joins_and_is_ready(joined: Mixed) -> None:
    assert joined.ready()
    assert joined.node()["status"]["nodeInfo"]["kernelVersion"] == joined.vm.says("uname -r")
    assert joined.vm.says("stat -fc %T /sys/fs/cgroup") == "cgroup2fs"


def test_it_moves_onto_new_disks_while_it_is_at_work(moved: Mixed) -> None:
    assert moved.ready()
    assert "unschedulable" not in moved.node()["spec"]
    wait_until(lambda: moved.filesystems() == [5, 4], "kubelet to see its new filesystems", PATIENT, 5)
    assert moved.vm.says("ls -d /var/lib/*.nightfleet-old 2>/dev/null | wc -l") == "0"
    assert moved.cluster.nightfleet("disks", "migrate", NODE)["steps"] == []


def test_a_second_run_changes_nothing(sharing: Mixed) -> None:
    assert sharing.cluster.converge().changes == 0


def test_a_dataset_that_was_read_once_moves_no_bytes_for_the_next_pod(sharing: Mixed) -> None:
    first = sharing.read(f"{inside(sharing.start('first', 'datasets'))}/epoch")
    time.sleep(5)  # the cache writes behind
    sharing.end("first")
    sharing.done("second", "datasets", NODE, "mounttest", "--file_content=/data/note")
    assert "of-the-server" in sharing.cluster.ask(PLANE, f"{KUBECTL} logs second")
    sharing.end("second")
    second = sharing.read(f"{inside(sharing.start('third', 'datasets'))}/epoch")
    sharing.end("third")
    assert first > SIZE
    assert second < SIZE // 100, f"{first} bytes, then {second}"


def test_pods_write_where_the_server_and_other_pods_see_it(sharing: Mixed) -> None:
    sharing.done("writer", "datasets", NODE, "mounttest", "--new_file_0644=/data/of-a-pod")
    sharing.done("seer", "datasets", NODE, "mounttest", "--file_content=/data/of-a-pod")
    assert "mount-tester new file" in sharing.cluster.ask(
        PLANE, f"{KUBECTL} logs seer; cat {SERVED}/of-a-pod"
    )
    for name in ("writer", "seer"):
        sharing.end(name)


@pytest.mark.usefixtures("away")
def test_while_the_server_is_away_the_node_is_ready_and_other_pods_start(sharing: Mixed) -> None:
    assert sharing.start("other")
    sharing.end("other")
    assert sharing.ready()

    def told() -> str:
        findings = json.loads(sharing.cluster.ended(sharing.cluster.argv("doctor")).stdout)["findings"]
        shares = [one["what"] for one in findings if (one["check"], one["status"]) == ("shares", "fail")]
        return "; ".join(shares)

    # a slow machine may count as unknown first
    failed = wait_until(told, "doctor to name the mount", PATIENT, 1)
    assert failed.startswith(f"{NODE}: /var/lib/kubelet/pods/"), failed
    assert "does not answer, held by" in failed
    # kubelet looks at a mount before it unmounts it, and sees what the kernel remembers for up to a minute
    sharing.api.delete(f"{PODS}/leaver")


@pytest.mark.usefixtures("away")
def test_meanwhile_a_cephfs_is_mounted_by_the_kernel_and_cached(sharing: Mixed) -> None:
    place, size = "/srv/cephfs/team", SIZE // 4
    sharing.vm.ssh(f"head -c {size} /dev/urandom >{place}/epoch && sync {place}/epoch")
    assert sharing.vm.says(f"findmnt -rno FSTYPE {place} | tail -1") == "ceph"
    moved = []
    for _ in range(2):
        sharing.vm.ssh("systemctl stop srv-cephfs-team.mount")
        moved.append(sharing.read(f"{place}/epoch"))
        time.sleep(5)
    assert moved[0] > size
    assert moved[1] < size // 50, moved
    sharing.cluster.nightfleet("verify", "--only", "cephfs_client")


@pytest.mark.usefixtures("away")
def test_meanwhile_pods_on_two_nodes_share_a_cephfs_by_two_clients(sharing: Mixed) -> None:
    """The kernel's on one, ceph-fuse on the other."""
    sharing.done("one", "team", NODE, "mounttest", "--new_file_0644=/data/of-a-pod")
    sharing.done("two", "plain", PLANE, "mounttest", "--file_content=/data/of-a-pod")
    assert "mount-tester new file" in sharing.cluster.ask(PLANE, f"{KUBECTL} logs two")


def test_after_five_minutes_the_server_is_back_and_all_go_on(sharing: Mixed, away: float) -> None:
    time.sleep(max(0, AWAY - (time.monotonic() - away)))
    assert sharing.ready(), "five minutes without the server"
    assert sharing.vm.says(SUM) == "", "it read what nobody served"
    assert "leaver" in sharing.pods(), "it went although its mount hangs"
    sharing.cluster.ask(PLANE, "systemctl start nightfleet-ganesha.service")
    read = wait_until(lambda: sharing.vm.says(SUM), "the reader to go on", PATIENT, 2)
    assert read == sharing.cluster.ask(PLANE, f"sha256sum <{SERVED}/later").strip()
    wait_until(lambda: "leaver" not in sharing.pods(), "the deleted pod to go", PATIENT, 1)
    status = sharing.api.get(f"{PODS}/reader")["status"]
    assert (status["phase"], status["containerStatuses"][0]["restartCount"]) == ("Running", 0)
    sharing.cluster.nightfleet("verify", "--only", "cachefilesd")
