"""A highly available cluster whose backups are switched on, and what tests put into it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nightfleet.cluster.api import Api
from nightfleet.ledger import Entry, Ledger
from tests.lab.cluster import Cluster
from tests.lab.life.bucket_server import Server
from tests.lab.life.objects import Objects, everything

KEEP = 3
FOLDER = "/var/lib/nightfleet/backup"
COPIES = "/var/lib/nightfleet/backup-copies"
IMAGE = "registry.k8s.io/e2e-test-images/agnhost:2.63.0"
STEADY = ["netexec", "--http-port=8099"]  # what no test touches
Steady = tuple[set[str], set[int]]  # pods' uids, and their processes as this machine numbers them


@dataclass(frozen=True, slots=True)
class Vault:
    """The cluster with backups switched on, and the operator's key."""

    cluster: Cluster
    key: Path
    bucket: Server

    @property
    def planes(self) -> list[str]:
        return [node.name for node in self.cluster.site.fleet if "c" in node.name.rpartition("-")[2]]

    @property
    def keeper(self) -> str:
        return str(self.cluster.site.backup.copy_to)

    @property
    def api(self) -> Api:
        return Api(self.cluster.operator_files / "kubeconfig", patience=180)

    @property
    def ledger(self) -> tuple[Entry, ...]:
        return Ledger(self.cluster.operator_files / "ledger.jsonl").entries()

    def objects(self) -> Objects:
        return everything(self.cluster.operator_files / "kubeconfig")

    def names(self, node: str, folder: str = FOLDER) -> list[str]:
        return sorted(self.cluster.ask(node, f"ls -1 {folder}").split())

    def restore(self, backup: str | Path, *words: str, ends_with: int = 0) -> Any:
        argv = self.cluster.argv("restore", str(backup), "--key", str(self.key), *words)
        said = self.cluster.ended(argv)
        assert said.returncode == ends_with, f"{said.returncode}: {said.stdout[-2000:]} {said.stderr[-4000:]}"
        return json.loads(said.stdout) if ends_with in (0, 4) else said.stderr

    def etcd(self) -> list[str]:
        """Return what changes when an etcd is touched: its process and its member's folder."""
        show = (
            'for c in /proc/[0-9]*/comm; do [ "$(cat $c 2>/dev/null)" != etcd ] || echo $c; done;'
            " stat -c %i /var/lib/etcd/member; ls /var/lib/etcd /etc/kubernetes/manifests"
        )
        return [self.cluster.ask(name, show) for name in self.planes]


def fetched(vault: Vault, snapshot: tuple[Any, Objects], to: Path) -> Path:
    return Path(vault.cluster.nightfleet("backup", "fetch", snapshot[0]["name"], "--to", str(to))["folder"])


def deployment_of(name: str, args: list[str]) -> dict[str, Any]:
    labels = {"app": name}
    container = {"name": "main", "image": IMAGE, "args": args}
    template = {
        "metadata": {"labels": labels},
        "spec": {"terminationGracePeriodSeconds": 1, "containers": [container]},
    }
    spec = {"replicas": 2, "selector": {"matchLabels": labels}, "template": template}
    return {"metadata": {"name": name}, "spec": spec}


def ready(vault: Vault, namespace: str, name: str = "kept") -> int:
    status = vault.api.get(f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}")["status"]
    return int(status.get("readyReplicas", 0))


def at_work(vault: Vault, namespace: str) -> Steady:
    """Return the pods that no test touches, and their processes."""
    pods = vault.api.items(f"/api/v1/namespaces/{namespace}/pods", labelSelector="app=steady")
    uids = {pod["metadata"]["uid"] for pod in pods}
    hosts = [node.name for node in vault.cluster.site.fleet]
    return uids, {pid for host in hosts for pid in vault.cluster.processes(host, *STEADY)}
