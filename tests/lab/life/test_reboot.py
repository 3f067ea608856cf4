"""Reboots proven by another boot id; a host that does not return is reported; certificates made anew."""

import os
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from nightfleet.cluster.api import Api
from nightfleet.cluster.nodes import NodeView, nodes
from nightfleet.site import Role
from tests.lab.cluster import Cluster, wait_until
from tests.lab.life.test_leave import boot

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="hosts are booted by root only")
Record = Callable[[str, object], None]
PODS = "/api/v1/namespaces/default/pods"
ASKED = "/run/nightfleet/reboot-required"
DEPLOYMENT = "/apis/apps/v1/namespaces/default/deployments"


def api(ha: Cluster) -> Api:
    return Api(ha.operator_files / "kubeconfig")


def view(ha: Cluster, name: str) -> NodeView:
    return nodes(api(ha))[name]


def worker(ha: Cluster) -> str:
    return next(node.name for node in ha.site.fleet if node.roles == {Role.WORKER})


def registry(ha: Cluster) -> str:
    return ha.site.having(Role.REGISTRY)[0].name


@pytest.fixture(scope="module")
def web(ha: Cluster) -> Iterator[str]:
    """Two pods that somebody runs, one of them on the worker that will reboot."""
    client, labels = api(ha), {"app": "web"}
    image = ha.ask(
        ha.site.first_control_plane.name,
        "kubectl --kubeconfig /etc/kubernetes/admin.conf -n nightfleet-smoke get daemonset"
        " -o jsonpath='{.items[0].spec.template.spec.containers[0].image}'",
    )
    spread = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": labels},
    }
    container = {"name": "web", "image": image, "args": ["pause"], "resources": {"requests": {"cpu": "10m"}}}
    spec = {
        "replicas": 2,
        "selector": {"matchLabels": labels},
        "template": {
            "metadata": {"labels": labels},
            "spec": {"containers": [container], "topologySpreadConstraints": [spread]},
        },
    }
    client.post(DEPLOYMENT, {"metadata": {"name": "web"}, "spec": spec})
    wait_until(lambda: running(ha) == 2, "the pods to run", 180, 1)
    yield "web"
    client.delete(f"{DEPLOYMENT}/web")


def pods(ha: Cluster) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api(ha).items(PODS, labelSelector="app=web")
    return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]


def running(ha: Cluster) -> int:
    return sum(pod["status"].get("phase") == "Running" for pod in pods(ha))


def test_a_worker_is_emptied_reboots_and_takes_pods_again(
    ha: Cluster, web: str, record_property: Record
) -> None:
    name = worker(ha)
    before = view(ha, name).boot_id
    there = [pod["metadata"]["name"] for pod in pods(ha) if pod["spec"]["nodeName"] == name]
    assert there
    outcome = ha.nightfleet("node", "reboot", name)
    (told,) = outcome["nodes"]
    record_property("seconds_of_a_reboot", told["seconds"])
    assert {f"default/{pod}" for pod in there} <= set(told["evicted"])
    assert told["before"] == before
    assert told["after"] == view(ha, name).boot_id != before
    assert (view(ha, name).ready, view(ha, name).cordoned) == ("True", False)
    wait_until(lambda: running(ha) == 2, f"the pods of {web} to run again", 180, 1)


def test_only_who_wants_a_reboot_gets_one(ha: Cluster) -> None:
    name = worker(ha)
    assert ha.nightfleet("node", "reboot", "--needed")["waves"] == []
    ha.ask(
        name, "mkdir -p /run/nightfleet/reboot-required && echo a test >/run/nightfleet/reboot-required/lab"
    )
    (row,) = [row for row in ha.nightfleet("node", "list") if row["name"] == name]
    assert row["wants_reboot"] == ["lab: a test"]
    assert ha.nightfleet("node", "reboot", "--needed", "--dry-run")["waves"] == [[name]]
    ha.ask(name, f"rm -r {ASKED}")


def test_a_host_that_does_not_return_is_reported_stays_closed_and_stops_the_rest(
    ha: Cluster, tmp_path: Path
) -> None:
    name, later = worker(ha), registry(ha)
    impatient = ha.edited(tmp_path, ("artifacts:\n", "maintenance: {return_timeout: 40}\n\nartifacts:\n"))
    running = impatient.start("node", "reboot", name, later)
    said = running.printed.with_suffix(".err")
    running.wait_until(lambda: f"{name}: reboots" in said.read_text(), "the order to reboot")
    ha.host(name).kill()
    assert running.child.wait(300) == 4, said.read_text()
    assert "not back within 40 s: it does not answer" in said.read_text()
    assert '"not_begun": [' in running.printed.read_text()
    assert later in running.printed.read_text()
    assert (view(ha, name).cordoned, view(ha, name).cordoned_by) == (True, "reboot")
    boot(ha)
    wait_until(lambda: view(ha, name).ready == "True", f"{name} to come back", 180, 1)
    assert ha.nightfleet("node", "reboot", name)["nodes"][0]["fault"] == ""
    assert not view(ha, name).cordoned


def test_certificates_are_made_anew_one_control_plane_at_a_time(ha: Cluster, record_property: Record) -> None:
    assert ha.nightfleet("node", "renew-certificates", "--dry-run")["due"] == {}
    planes = [node.name for node in ha.site.having(Role.CONTROL_PLANE)]
    before = {name: serial(ha, name) for name in planes}
    told = ha.nightfleet("node", "renew-certificates", "--within", "400")
    assert (told["fault"], sorted(told["after"])) == ("", planes)
    record_property("control_planes_renewed", len(told["after"]))
    assert all(serial(ha, name) != before[name] for name in planes)
    assert all(seen_by_clients(ha, name) == serial(ha, name) for name in planes)
    assert api(ha).text("/readyz") == "ok"


def serial(ha: Cluster, name: str) -> str:
    """Return the serial number of the API server's certificate on disk."""
    text = (ha.root(name) / "etc/kubernetes/pki/apiserver.crt").read_text()
    return hex(_certificate(text).serial_number)


def seen_by_clients(ha: Cluster, name: str) -> str:
    """Return the serial number that the API server shows."""
    address = str(ha.site.node(name).address)
    return hex(_certificate(ssl.get_server_certificate((address, 6443))).serial_number)


def _certificate(pem: str) -> Any:
    return x509.load_pem_x509_certificate(pem.encode())


def test_every_check_passes_at_the_end(ha: Cluster) -> None:
    wait_until(lambda: all(one.ready == "True" for one in nodes(api(ha)).values()), "all to be Ready", 180, 1)
    assert ha.faults() == []
