"""An API server as far as an upgrade can tell: nodes with their kubelets' versions, pods, evictions, budgets.

Nodes are the toys of toyhost.py, whose link of kubelet is the version that it runs; only cordons and pods are
kept here. An evicted pod is gone at once; one that a budget holds is refused with 429, as the real one does.
"""

import json
import pickle
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

CONFIG = "dns: {imageTag: v1.14.3}\netcd: {local: {imageTag: 3.6.8}}\nkubernetesVersion: v1.35.4\n"


@dataclass
class Cluster:
    """What the API server knows. `pods`: name -> node; `held`: pods whose budget is used up."""

    toys: Path
    names: list[str]
    pods: dict[str, str] = field(default_factory=dict)
    bare: set[str] = field(default_factory=set)
    held: set[str] = field(default_factory=set)
    silent: set[str] = field(default_factory=set)  # nodes that are not Ready
    cordons: dict[str, str | None] = field(default_factory=dict)
    most_away: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def node(self, name: str) -> dict[str, Any]:
        version = kubelet(self.toys / name)
        by = self.cordons.get(name)
        return {
            "metadata": {
                "name": name,
                "labels": {"node-role.kubernetes.io/control-plane": ""} if name == "c1" else {},
                "annotations": {"nightfleet/cordoned-by": by} if by else {},
            },
            "spec": {"unschedulable": True} if name in self.cordons else {},
            "status": {
                "conditions": [{"type": "Ready", "status": "Unknown" if name in self.silent else "True"}],
                "nodeInfo": {
                    "kubeletVersion": f"v{version}",
                    "containerRuntimeVersion": "containerd://2.3.4",
                },
            },
        }

    def pod(self, name: str) -> dict[str, Any]:
        owners = [] if name in self.bare else [{"kind": "ReplicaSet", "controller": True}]
        meta = {"namespace": "lab", "name": name, "uid": name, "ownerReferences": owners}
        return {"metadata": meta, "spec": {"nodeName": self.pods[name]}, "status": {"phase": "Running"}}

    def get(self, path: str, query: dict[str, list[str]]) -> dict[str, Any]:
        match path.strip("/").split("/"):
            case ["version"]:
                return {"gitVersion": f"v{kubelet(self.toys / 'c1')}"}
            case ["api", "v1", "nodes"]:
                return {"items": [self.node(name) for name in self.names]}
            case ["api", "v1", "nodes", name]:
                return self.node(name)
            case ["api", "v1", "pods"]:
                (where,) = query.get("fieldSelector", ["spec.nodeName="])
                node = where.partition("=")[2]
                return {"items": [self.pod(name) for name, on in list(self.pods.items()) if node in ("", on)]}
            case ["apis", "policy", "v1", "poddisruptionbudgets"]:
                return {"items": []}
            case [*_, "configmaps", "kubeadm-config"]:
                return {"data": {"ClusterConfiguration": CONFIG}}
            case ["apis", "coordination.k8s.io", "v1", "namespaces", "kube-system", "leases", _]:
                return {"spec": {"renewTime": datetime.now(UTC).isoformat()}}
        raise KeyError(path)

    def patch(self, name: str, change: dict[str, Any]) -> None:
        with self.lock:
            if change["spec"]["unschedulable"]:
                self.cordons[name] = change["metadata"]["annotations"]["nightfleet/cordoned-by"]
            else:
                self.cordons.pop(name)
            self.most_away = max(self.most_away, len(self.cordons))


_known: dict[Path, tuple[int, str]] = {}


def kubelet(path: Path) -> str:
    """Return the version that a toy's link of kubelet points to."""
    stamp = path.stat().st_mtime_ns
    if _known.get(path, (0, ""))[0] != stamp:
        target = pickle.loads(path.read_bytes()).paths["/usr/local/bin/kubelet"].target
        found = re.search(r"/kubelet/([\d.]+)-", target)
        assert found
        _known[path] = (stamp, found[1])
    return _known[path][1]


@contextmanager
def serving(cluster: Cluster, kubeconfig: Path) -> Iterator[None]:
    """Serve the cluster, and write a kubeconfig that leads to it."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            self._answer(200, cluster.get(url.path, parse_qs(url.query)))

        def do_PATCH(self) -> None:
            name = self.path.rpartition("/")[2]
            if "/nodes/" in self.path:
                cluster.patch(name, self._body())
            self._answer(200, {})

        def do_POST(self) -> None:
            self._body()
            pod = self.path.split("/")[-2]
            if pod in cluster.held:
                causes = [{"message": "The disruption budget web needs 1 healthy pods and has 1 currently"}]
                self._answer(429, {"message": "Cannot evict pod", "details": {"causes": causes}})
                return
            cluster.pods.pop(pod, None)
            self._answer(201, {})

        def _body(self) -> dict[str, Any]:
            body: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            return body

        def _answer(self, code: int, body: dict[str, Any]) -> None:
            data = json.dumps(body).encode()
            self.send_response(code)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_words: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    kubeconfig.parent.mkdir(parents=True, exist_ok=True)
    kubeconfig.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "toy", "cluster": {"server": address}}],
                "users": [{"name": "toy", "user": {}}],
                "contexts": [{"name": "toy", "context": {"cluster": "toy", "user": "toy"}}],
                "current-context": "toy",
            }
        )
    )
    try:
        yield
    finally:
        server.shutdown()
