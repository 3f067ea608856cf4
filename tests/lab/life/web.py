"""A small service with two replicas and a budget, and a pod that asks it ten times a second.

The asker is a pod of a DaemonSet, which a drain leaves alone: it runs through the whole upgrade. A loop on
its host lets it ask (agnhost's /dial) and writes down each answer, so that nothing depends on the API server.
"""

import base64
import json
import time
from dataclasses import dataclass
from itertools import pairwise

from tests.lab.cluster import Cluster, wait_until

KUBECTL = "kubectl --kubeconfig /etc/kubernetes/admin.conf"
UNIT, LOG = "web-asker", "/var/log/web-asker"
EVERY = 0.1  # seconds
AFTER = 50  # answers, after which the service counts as well
LABELS = {"app": "web"}
SLEEP = 8  # seconds that a pod goes on answering after it was told to end: kube-proxy hears of it meanwhile


@dataclass(frozen=True, slots=True)
class Answers:
    """What the asker has heard."""

    asked: int
    failed: tuple[str, ...]  # time and fault of each
    longest_gap: float  # seconds between two good answers

    def __str__(self) -> str:
        return f"{len(self.failed)} of {self.asked} requests failed, longest gap {self.longest_gap:.2f} s"


def manifest(image: str) -> str:
    """Return the Deployment, its budget, its Service and the askers."""
    container = {"name": "web", "image": image, "args": ["netexec", "--http-port=8080"]}
    probe = {"httpGet": {"path": "/hostname", "port": 8080}, "periodSeconds": 1}
    server = {
        **container,
        "readinessProbe": probe,
        "lifecycle": {"preStop": {"sleep": {"seconds": SLEEP}}},
        "resources": {"requests": {"cpu": "10m"}},
    }
    spread = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": LABELS},
    }
    asker = {"matchLabels": {"app": "asker"}}
    workers = {"node-role.kubernetes.io/worker": ""}
    items = [
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "web"},
            "spec": {
                "replicas": 2,
                "selector": {"matchLabels": LABELS},
                "template": {
                    "metadata": {"labels": LABELS},
                    "spec": {"containers": [server], "topologySpreadConstraints": [spread]},
                },
            },
        },
        {
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": {"name": "web"},
            "spec": {"minAvailable": 1, "selector": {"matchLabels": LABELS}},
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "web"},
            "spec": {"selector": LABELS, "ports": [{"port": 80, "targetPort": 8080}]},
        },
        {
            "apiVersion": "apps/v1",
            "kind": "DaemonSet",
            "metadata": {"name": "asker"},
            "spec": {
                "selector": asker,
                "template": {
                    "metadata": {"labels": asker["matchLabels"]},
                    "spec": {"containers": [container], "nodeSelector": workers},
                },
            },
        },
    ]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})


def begin(cluster: Cluster, plane: str, node: str) -> None:
    """Make the service, wait for it, and let the pod on `node` ask from now on."""
    image = cluster.ask(
        plane,
        f"{KUBECTL} -n nightfleet-smoke get daemonset smoke"
        " -o jsonpath='{.spec.template.spec.containers[0].image}'",
    )
    text = base64.b64encode(manifest(image).encode()).decode()
    cluster.ask(plane, f"echo {text} | base64 -d | {KUBECTL} apply -f - >/dev/null")
    for what in ("deployment/web", "daemonset/asker"):
        wait_until(
            lambda what=what: (
                "successfully"
                in cluster.ask(plane, f"{KUBECTL} rollout status {what} --timeout=20s 2>&1 || true")
            ),
            f"{what} to be rolled out",
            300,
        )
    service = cluster.ask(plane, f"{KUBECTL} get service web -o jsonpath='{{.spec.clusterIP}}'")
    where = f"-l app=asker --field-selector spec.nodeName={node}"
    pod = cluster.ask(plane, f"{KUBECTL} get pods {where} -o jsonpath='{{.items[0].status.podIP}}'")
    url = f"http://{pod}:8080/dial?host={service}&port=80&protocol=http&request=hostname&tries=1"
    loop = (
        f"while :; do t=$(date +%s.%N); a=$(curl -s --max-time 5 '{url}') || a=\"asker: $?\";"
        f' case $a in *responses*) a=ok;; esac; echo "$t $a" >>{LOG}; sleep {EVERY}; done'
    )
    script = base64.b64encode(loop.encode()).decode()
    cluster.ask(
        node,
        f"echo {script} | base64 -d >{LOG}.sh; systemd-run --quiet --unit={UNIT} sh {LOG}.sh",
    )
    settle(cluster, node)


def settle(cluster: Cluster, node: str) -> None:
    """Wait until answers have come for a while."""
    count = f"grep -c ok {LOG} || true"
    before = int(cluster.ask(node, count))
    wait_until(lambda: int(cluster.ask(node, count)) >= before + AFTER, "answers to come", 300, 1)


def answers(cluster: Cluster, node: str) -> Answers:
    """Return what was heard since the beginning."""
    rows = [line.split(" ", 1) for line in cluster.ask(node, f"cat {LOG}").splitlines() if " " in line]
    good = [float(moment) for moment, said in rows if said == "ok"]
    gaps = [after - before for before, after in pairwise(good)]
    failed = tuple(
        f"{time.strftime('%H:%M:%S', time.gmtime(float(moment)))} {said}"
        for moment, said in rows
        if said != "ok"
    )
    return Answers(len(rows), failed, max(gaps, default=0.0))
