"""Lab tier: images and pods have filesystems of their own, and each runs out of room by itself.

The lab's disks are real XFS filesystems. To fill one takes no time: a file without content is allocated, and
what is too much then is a real image or a pod's own files. kubelet remembers for five minutes that it was
short of room; it is restarted after each proof, so that the cluster is left as it was.
"""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from nightfleet.cluster.api import Api, Object
from nightfleet.depot.image import write_image
from nightfleet.depot.model import Image, ImageRelease
from nightfleet.disks.eviction import in_bytes
from tests.lab.cluster import PROGRAMS, Cluster, wait_until

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="hosts are booted by root only")
NODE, PLANE = "nft-w1", "nft-c1"
MIB = 2**20
LARGE = 1024 * MIB  # of an image; zeros, so that it is small on its way
IMAGE = Image(
    repository="registry.k8s.io/too-large",
    tag="{version}",
    files={"agnhost": "agnhost", "weights": "weights"},
    entrypoint=("/agnhost", "pause"),
)
REFERENCE = f"{IMAGE.repository}:1"
PODS = "/api/v1/namespaces/default/pods"
# An image counts as unused when kubelet has known it for two minutes; here that is a second.
YOUNG = "/etc/kubernetes/kubelet.d/99-young-images.conf"
CONFIG = "apiVersion: kubelet.config.k8s.io/v1beta1\\nkind: KubeletConfiguration\\nimageMinimumGCAge: 1s\\n"
REMOVES, EVICTS = "Removing image to free bytes", "must evict pod(s) to reclaim"  # pkg/kubelet, 1.36
STATIC = "kubernetes.io/config.mirror"  # the annotation of a pod that kubelet has from a file
PRIORITY = "/apis/scheduling.k8s.io/v1/priorityclasses"


@dataclass(frozen=True, slots=True)
class Worker:
    """The node that runs out of room, its two filesystems, and what happens beside it."""

    cluster: Cluster
    api: Api

    def disk(self, name: str) -> Path:
        """Return where one of its disks is mounted on this machine."""
        return self.cluster.layout.host(NODE).mount(name)

    def summary(self) -> Any:
        return self.api.get(f"/api/v1/nodes/{NODE}/proxy/stats/summary")

    def leave_free(self, name: str, room: int) -> None:
        """Allocate all of a disk but `room` bytes."""
        free = os.statvfs(self.disk(name))
        size = free.f_bavail * free.f_frsize - room
        subprocess.run(["fallocate", "--length", str(size), self.disk(name) / "ballast"], check=True)

    def pressed(self) -> bool:
        """Tell whether kubelet says that it is short of room."""
        conditions = self.api.get(f"/api/v1/nodes/{NODE}")["status"]["conditions"]
        return any(one["type"] == "DiskPressure" and one["status"] == "True" for one in conditions)

    def pods(self, here: bool) -> dict[str, list[int]]:
        """Return the pods of this node, or of all others, with the restarts of their containers.

        Not those of the control plane: on a busy machine a controller loses its lease and restarts.
        """
        return {
            f"{pod['metadata']['namespace']}/{pod['metadata']['name']} {pod['metadata']['uid']}": [
                one["restartCount"]
                for one in pod["status"].get("containerStatuses", [])
                if STATIC not in pod["metadata"].get("annotations", {})
            ]
            for pod in self.api.items("/api/v1/pods")
            if (pod["spec"].get("nodeName") == NODE) is here
        }

    def has_image(self) -> bool:
        listed = self.cluster.ask(NODE, "ctr -n k8s.io images list --quiet")
        return REFERENCE in listed.splitlines()

    def kubelet_said(self) -> str:
        """Return what kubelet has logged since it was started."""
        return self.cluster.ask(
            NODE,
            "journalctl --quiet --output cat _SYSTEMD_INVOCATION_ID="
            "$(systemctl show --property InvocationID --value kubelet.service)",
        )

    def run(self, name: str, image: str) -> Object:
        """Start a pod that matters little, and return it once it runs."""
        self.api.post(PODS, pod(name, image))
        wait_until(lambda: is_running(self.api.get(f"{PODS}/{name}")), f"{name} to run", 300, 1)
        return self.api.get(f"{PODS}/{name}")

    def evicted(self, name: str) -> str:
        """Wait until a pod is evicted, and return why."""

        def look() -> str:
            status = self.api.get(f"{PODS}/{name}")["status"]
            return str(status["message"]) if status.get("reason") == "Evicted" else ""

        return str(wait_until(look, f"{name} to be evicted", 300, 0.5))

    def recover(self) -> None:
        """Take the ballast away, let kubelet forget, and wait until the node is as it was."""
        for name in ("imagefs", "nodefs"):
            (self.disk(name) / "ballast").unlink(missing_ok=True)
            subprocess.run(["xfs_growfs", "-m", "25", self.disk(name)], check=True, capture_output=True)
        self.cluster.ask(NODE, "systemctl restart kubelet.service")
        for one in self.api.items("/api/v1/pods", fieldSelector="status.phase=Failed"):
            meta = one["metadata"]
            self.api.delete(
                f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}?gracePeriodSeconds=0"
            )
        wait_until(lambda: not self.pressed() and self.is_whole(), f"{NODE} to be as it was", 300, 1)

    def is_whole(self) -> bool:
        node = self.api.get(f"/api/v1/nodes/{NODE}")
        ready = any(
            one["type"] == "Ready" and one["status"] == "True" for one in node["status"]["conditions"]
        )
        sets = self.api.items("/apis/apps/v1/daemonsets")
        return (
            ready
            and not node["spec"].get("taints")
            and all(one["status"]["numberReady"] == one["status"]["desiredNumberScheduled"] for one in sets)
        )


def pod(name: str, image: str) -> Object:
    return {
        "metadata": {"name": name},
        "spec": {
            "nodeName": NODE,
            "priorityClassName": "matters-little",
            "terminationGracePeriodSeconds": 0,
            "containers": [
                {
                    "name": "it",
                    "image": image,
                    "command": ["/agnhost", "pause"],
                    "volumeMounts": [{"name": "files", "mountPath": "/files"}],
                }
            ],
            "volumes": [{"name": "files", "emptyDir": {}}],
        },
    }


def is_running(found: Object) -> bool:
    return bool(found["status"]["phase"] == "Running")


@pytest.fixture(scope="module")
def eager(cluster: Cluster) -> Iterator[Worker]:
    """Return the node, whose kubelet throws images away as soon as nobody uses them."""
    there = Worker(cluster, Api(cluster.operator_files / "kubeconfig"))
    cluster.ask(NODE, f"printf '{CONFIG}' >{YOUNG}")
    there.recover()
    yield there
    cluster.ask(NODE, f"rm {YOUNG}")
    there.recover()


@pytest.fixture(scope="module")
def pushed(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Push an image of one GiB to the cluster's registry, and return its name."""
    folder = tmp_path_factory.mktemp("image")
    images = cluster.layout.host(NODE).mount("imagefs")
    agnhost = next(path for path in images.glob("*/snapshots/*/fs/**/agnhost") if path.is_file())
    with (folder / "weights").open("wb") as file:
        file.truncate(LARGE)
    release = ImageRelease("too-large", IMAGE, "1", {"too-large": "1"})
    archive = cluster.root(PLANE) / "root" / "too-large.tar"
    write_image(archive, release, "amd64", {"agnhost": agnhost, "weights": folder / "weights"})
    cluster.ask(
        PLANE,
        f"skopeo copy --quiet --dest-tls-verify=false oci-archive:/root/{archive.name}"
        f" docker://127.0.0.1:5000/{REFERENCE} && rm /root/{archive.name}",
    )
    return REFERENCE


@pytest.fixture
def worker(eager: Worker, pushed: str) -> Iterator[Worker]:
    """Return the node; afterwards it is as it was, and nothing has changed on the others."""
    there = eager
    there.api.post(PRIORITY, {"metadata": {"name": "matters-little"}, "value": -10})
    others = there.pods(here=False)
    try:
        yield there
        assert there.pods(here=False) == others
        assert not any(
            one["type"] == "DiskPressure" and one["status"] == "True"
            for node in there.api.items("/api/v1/nodes")
            if node["metadata"]["name"] != NODE
            for one in node["status"]["conditions"]
        )
    finally:
        for one in there.api.items(PODS):
            there.api.delete(f"{PODS}/{one['metadata']['name']}?gracePeriodSeconds=0")
        there.api.delete(f"{PRIORITY}/matters-little")
        there.recover()
        there.cluster.ask(NODE, f"ctr -n k8s.io images remove --sync {pushed} >/dev/null 2>&1 || true")


def test_kubelet_counts_images_and_pods_on_the_filesystems_that_are_theirs(worker: Worker) -> None:
    node = worker.summary()["node"]
    counted = {"imagefs": node["runtime"]["imageFs"], "nodefs": node["fs"]}
    for name, said in counted.items():
        there = os.statvfs(worker.disk(name))
        assert said["capacityBytes"] == there.f_blocks * there.f_frsize, name
        assert said["inodes"] == there.f_files, name
    assert counted["imagefs"]["capacityBytes"] != counted["nodefs"]["capacityBytes"]


def test_images_that_nobody_uses_go_before_any_pod(worker: Worker) -> None:
    worker.cluster.ask(
        NODE, f"ctr -n k8s.io images pull --hosts-dir /etc/containerd/certs.d {REFERENCE} >/dev/null"
    )
    worker.recover()  # kubelet knows of it from its start on
    before = worker.pods(here=True)
    worker.leave_free("imagefs", threshold(worker, "imagefs") - LARGE // 2)
    wait_until(lambda: not worker.has_image(), "the image to go", 400, 1)
    # it looks once, right after; XFS gives room back a little later, and then it evicts after all
    after, said = worker.pods(here=True), worker.kubelet_said()
    images_went, _, rest = said.partition(REMOVES)
    assert rest and EVICTS not in images_went
    assert after == before or EVICTS in rest


def test_an_image_too_large_for_imagefs_costs_its_pod_and_nodefs_feels_nothing(worker: Worker) -> None:
    before = worker.summary()["node"]["fs"]["usedBytes"]
    limit = threshold(worker, "imagefs")
    worker.leave_free("imagefs", limit + LARGE // 4)
    worker.api.post(PODS, pod("large", REFERENCE))
    message = worker.evicted("large")
    (worker.disk("imagefs") / "ballast").unlink()
    assert "low on resource: ephemeral-storage" in message
    assert at_threshold(message) == pytest.approx(limit, rel=0.01)
    there = worker.summary()["node"]["fs"]
    assert abs(there["usedBytes"] - before) < 64 * MIB
    assert there["availableBytes"] > threshold(worker, "nodefs")


def test_a_pod_that_takes_all_inodes_of_nodefs_is_evicted_and_images_feel_nothing(worker: Worker) -> None:
    before = worker.summary()["node"]["runtime"]["imageFs"]
    it = worker.run("many-files", agnhost_of(worker))
    subprocess.run(["xfs_growfs", "-m", "1", worker.disk("nodefs")], check=True, capture_output=True)
    folder = worker.disk("nodefs") / f"pods/{it['metadata']['uid']}/volumes/kubernetes.io~empty-dir/files"
    whole = os.statvfs(folder)
    most = whole.f_files * 90 // 100 - (whole.f_files - whole.f_ffree)
    for number in range(most):
        (folder / str(number)).touch()
    wait_until(lambda: inodes(worker.summary(), "many-files") >= most, "kubelet to count the files", 300, 2)
    assert not worker.pressed()
    for number in range(most, most + whole.f_files * 8 // 100):
        (folder / str(number)).touch()
    message = worker.evicted("many-files")
    assert "low on resource: inodes" in message
    after = worker.summary()["node"]["runtime"]["imageFs"]
    assert after["inodesFree"] == pytest.approx(before["inodesFree"], rel=0.05)
    assert abs(after["usedBytes"] - before["usedBytes"]) < 64 * MIB


def threshold(worker: Worker, name: str) -> int:
    """Return how many bytes must be free, as kubelet itself was told."""
    config = worker.api.get(f"/api/v1/nodes/{NODE}/proxy/configz")["kubeletconfig"]
    there = os.statvfs(worker.disk(name))
    return in_bytes(config["evictionHard"][f"{name}.available"], there.f_blocks * there.f_frsize)


def at_threshold(message: str) -> int:
    """Read how much was to be free out of an eviction's reason."""
    return in_bytes(message.partition("Threshold quantity: ")[2].partition(",")[0], 0)


def inodes(summary: Any, name: str) -> int:
    """Return how many inodes kubelet counts in a pod's volumes."""
    (it,) = [one for one in summary["pods"] if one["podRef"]["name"] == name] or [{}]
    return sum(volume.get("inodesUsed", 0) for volume in it.get("volume", []))


def agnhost_of(worker: Worker) -> str:
    """Return the image of the smoke test, which every worker has."""
    (smoke,) = worker.api.items("/apis/apps/v1/namespaces/nightfleet-smoke/daemonsets")
    image: str = smoke["spec"]["template"]["spec"]["containers"][0]["image"]
    return image


def test_a_container_is_not_said_to_have_the_disks_of_its_machine(cluster: Cluster) -> None:
    (shown,) = cluster.nightfleet("disks", "show", NODE)
    assert shown["disks"] == []
    text = cluster.run(
        [str(PROGRAMS / "nightfleet"), "disks", "show", NODE, "--site", str(cluster.site_file)]
    )
    assert "a container (systemd-nspawn): it has no disks of its own" in text
