"""A cluster of one lab host, which serves by NFS, and a machine with its own kernel; a Ceph is beside it."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nightfleet.cluster.api import Api
from tests.lab.ceph_server import Ceph
from tests.lab.cluster import Cluster, wait_until
from tests.vm.conftest import NIGHT
from tests.vm.vm import TAP, Vm

PLANE, NODE = "nvw-c1", "nvw-w1"
IMAGE = "registry.k8s.io/e2e-test-images/agnhost:2.63.0"
PODS = "/api/v1/namespaces/default/pods"
SERVED = "/srv/nfs/datasets"
PATIENT = 600.0
DISKS = f"""\
disks:
  vm:
    use: {{disk: {{serial: {NIGHT}}}}}
    imagefs: {{on: disk, size: 5GiB}}
    nodefs: {{on: disk, size: 4GiB}}
    fscache: {{on: disk, size: rest}}
"""
SHARED = f"""\
nfs:
  exports:
    datasets: {{on: {PLANE}, path: {SERVED}, clients: [10.92.0.21]}}
  volumes:
    datasets: {{export: datasets, namespace: default, size: 1GiB, cache: true}}
cephfs:
  monitors: [10.91.0.130]
  patience: 120
  shares:
    team:
      {{path: /team, at: /srv/cephfs/team, client: team, keyring: team.keyring, cache: true, classes: [vm]}}
    plain: {{path: /team, at: /srv/cephfs/plain, client: team, keyring: team.keyring, classes: [host]}}
"""


@dataclass(frozen=True, slots=True)
class Mixed:
    """A cluster of one lab host and one machine, by the site that is in force now."""

    cluster: Cluster
    vm: Vm
    ceph: Ceph | None = None

    @property
    def api(self) -> Api:
        return Api(self.cluster.operator_files / "kubeconfig", patience=180)

    def under(self, folder: Path, storage: str) -> "Mixed":
        """Return the same under a site file with sections about storage."""
        folder.mkdir(exist_ok=True)
        return replace(self, cluster=self.cluster.edited(folder, ("# storage\n", f"{storage}\n# storage\n")))

    def node(self) -> Any:
        return self.api.get(f"/api/v1/nodes/{NODE}")

    def ready(self) -> bool:
        conditions = {one["type"]: one["status"] for one in self.node()["status"]["conditions"]}
        return conditions["Ready"] == "True"

    def filesystems(self) -> list[int]:
        """Return the sizes of imagefs and nodefs, as kubelet sees them, in GiB."""
        node = self.api.get(f"/api/v1/nodes/{NODE}/proxy/stats/summary")["node"]
        found = node["runtime"].get("imageFs", {}), node.get("fs", {})
        return [round(one.get("capacityBytes", 0) / 2**30) for one in found]

    def start(self, name: str, claim: str = "", node: str = NODE, *args: str) -> str:
        """Start a pod; return its uid once it runs."""
        self.api.post(PODS, pod(name, claim, node, args or ("pause",)))
        wait_until(lambda: self.phase(name) in ("Running", "Succeeded"), f"{name} to run", PATIENT, 1)
        return str(self.api.get(f"{PODS}/{name}")["metadata"]["uid"])

    def done(self, name: str, claim: str, node: str, *args: str) -> None:
        """Start a pod and wait until it has done its work."""
        self.start(name, claim, node, *args)
        wait_until(lambda: self.phase(name) == "Succeeded", f"{name} to end", PATIENT, 1)

    def phase(self, name: str) -> str:
        phase = str(self.api.get(f"{PODS}/{name}")["status"]["phase"])
        assert phase != "Failed", name
        return phase

    def pods(self) -> set[str]:
        return {one["metadata"]["name"] for one in self.api.items(PODS)}

    def end(self, name: str) -> None:
        self.api.delete(f"{PODS}/{name}")
        wait_until(lambda: name not in self.pods(), f"{name} to end", PATIENT, 1)

    def read(self, path: str) -> int:
        """Read a file on the machine, with nothing of it in memory; return what came down its line."""
        self.vm.ssh("sync; echo 3 >/proc/sys/vm/drop_caches")
        before = sent()
        self.vm.ssh(f"cat {path} >/dev/null")
        return sent() - before


def into_lab(vm: Vm, lab: Cluster) -> None:
    """Plug the machine into a lab, whose operator may log in to it."""
    vm.into_lab("nft-worker", "10.92.0.21/24", "10.92.0.1")
    vm.ssh(f"echo '{lab.layout.ssh_key.with_suffix('.pub').read_text()}' >>/root/.ssh/authorized_keys")
    with lab.layout.known_hosts.open("a") as known:
        known.write(f"10.92.0.21 {vm.image.host_key}\n")


def sent() -> int:
    """Return how many bytes went down the machine's line."""
    return int(Path(f"/sys/class/net/{TAP}/statistics/tx_bytes").read_text())


def inside(uid: str, volume: str = "datasets") -> str:
    """Return where a pod's volume is mounted on its node."""
    return f"/var/lib/kubelet/pods/{uid}/volumes/kubernetes.io~nfs/{volume}"


def pod(name: str, claim: str, node: str, args: tuple[str, ...]) -> dict[str, Any]:
    container: dict[str, Any] = {"name": "main", "image": IMAGE, "args": list(args)}
    spec: dict[str, Any] = {
        "nodeSelector": {"kubernetes.io/hostname": node},
        "tolerations": [{"operator": "Exists"}],
        "terminationGracePeriodSeconds": 1,
        "restartPolicy": "Never",
        "containers": [container],
    }
    if claim:
        container["volumeMounts"] = [{"name": "data", "mountPath": "/data"}]
        spec["volumes"] = [{"name": "data", "persistentVolumeClaim": {"claimName": claim}}]
    return {"metadata": {"name": name}, "spec": spec}


def claim(name: str, volume: str) -> dict[str, Any]:
    spec = {
        "accessModes": ["ReadWriteMany"],
        "storageClassName": "",
        "volumeName": volume,
        "resources": {"requests": {"storage": "1Gi"}},
    }
    return {"metadata": {"name": name}, "spec": spec}
