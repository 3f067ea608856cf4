"""smoke, checked afresh: the pods of the proof are asked again, now, and from their own node."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from testinfra.host import Host

from nightfleet.site import Node, Site

pytestmark = pytest.mark.on("worker")

Api = Callable[[str], Any]
NAMESPACE = "nightfleet-smoke"
CURL = "curl -sS --max-time 10"


def pods(api: Api) -> dict[str, dict[str, Any]]:
    """Return the pods of the proof by their nodes."""
    items = api(f"/api/v1/namespaces/{NAMESPACE}/pods?labelSelector=app%3Dsmoke")["items"]
    return {pod["spec"]["nodeName"]: pod for pod in items if pod["spec"].get("nodeName")}


def own(api: Api, node: Node) -> dict[str, Any]:
    """Return the pod of the proof on this node."""
    found = pods(api)
    assert node.name in found, "no smoke pod runs here: nightfleet converge --only smoke"
    return found[node.name]


def dial(host: Host, sender: str, target: str, port: int) -> str:
    """Let the pod at `sender` ask another for its name; return the answer, or what went wrong."""
    query = f"host={target}&port={port}&request=hostname&protocol=http&tries=1"
    said = json.loads(host.check_output(f"{CURL} 'http://{sender}:8080/dial?{query}'"))
    answers: list[str] = said.get("responses", [])
    return answers[0] if answers else str(said.get("errors"))


def test_a_pod_runs_here_from_the_image_of_the_lock(node: Node, api: Api) -> None:
    pod = own(api, node)
    status = pod["status"]["containerStatuses"][0]
    assert status["ready"], f"{pod['metadata']['name']}: {pod['status']['phase']}"
    assert "@sha256:" in status["imageID"]


def test_its_image_lies_in_containerd_with_the_digest_that_runs(host: Host, node: Node, api: Api) -> None:
    image = own(api, node)["status"]["containerStatuses"][0]["imageID"]
    listed = host.check_output("ctr --namespace k8s.io images ls --quiet").splitlines()
    assert image in listed, f"{image} is not among {len(listed)} images"


def test_its_pod_finds_the_service_by_name(host: Host, node: Node, site: Site, api: Api) -> None:
    service = f"smoke.{NAMESPACE}.svc.{site.network.cluster_domain}"
    answer = dial(host, own(api, node)["status"]["podIP"], service, 80)
    assert answer in {pod["metadata"]["name"] for pod in pods(api).values()}, answer


def test_its_pod_talks_to_the_pod_on_every_other_worker(host: Host, node: Node, api: Api) -> None:
    for other, pod in pods(api).items():
        if other != node.name:
            answer = dial(host, own(api, node)["status"]["podIP"], pod["status"]["podIP"], 8080)
            assert answer == pod["metadata"]["name"], f"{other}: {answer}"


def test_the_node_itself_reaches_the_service_by_its_address(host: Host, node: Node, api: Api) -> None:
    own(api, node)
    services = api(f"/api/v1/namespaces/{NAMESPACE}/services")["items"]
    address = next(s["spec"]["clusterIP"] for s in services if s["metadata"]["name"] == "smoke")
    answer = host.check_output(f"{CURL} http://{address}/hostname")
    assert answer in {pod["metadata"]["name"] for pod in pods(api).values()}, answer


def test_its_pod_has_no_rights_on_the_node(host: Host, node: Node, api: Api) -> None:
    container = own(api, node)["status"]["containerStatuses"][0]["containerID"].rpartition("/")[2]
    tasks = host.check_output("ctr --namespace k8s.io tasks ls").splitlines()
    pid = next(line.split()[1] for line in tasks if line.startswith(container))
    status = dict(line.split(":", 1) for line in host.check_output(f"cat /proc/{pid}/status").splitlines())
    assert "0" not in status["Uid"].split(), "it runs as root"
    assert int(status["CapBnd"], 16) == 0, f"capabilities {status['CapBnd'].strip()}"
    assert (status["NoNewPrivs"].strip(), status["Seccomp"].strip()) == ("1", "2")
