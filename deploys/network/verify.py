"""network, checked by where the kernel would send packets, and by whom pods see when they are spoken to."""

import ipaddress
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from testinfra.host import Host

from nightfleet.site import Cni, Node, Role, Site

Api = Callable[[str], Any]


def routed(site: Site, _node: Node) -> bool:
    """Whether pods are connected by plain routes."""
    return site.network.cni is Cni.ROUTED


def cilium(site: Site, _node: Node) -> bool:
    """Whether pods are connected by Cilium."""
    return site.network.cni is Cni.CILIUM


def own_pods(api: Api, node: Node) -> list[dict[str, Any]]:
    """Return the running pods of a node that have an address of their own."""
    return [
        pod
        for pod in api("/api/v1/pods")["items"]
        if pod["spec"].get("nodeName") == node.name
        and not pod["spec"].get("hostNetwork")
        and pod["status"]["phase"] == "Running"
    ]


def members(api: Api, site: Site) -> list[Node]:
    """Return the nodes of the site that are in the cluster."""
    names = {item["metadata"]["name"] for item in api("/api/v1/nodes")["items"]}
    return [node for node in site.fleet if node.name in names]


@pytest.mark.on(when=routed)
def test_its_pods_have_addresses_of_its_share(node: Node, api: Api) -> None:
    strangers = {
        pod["metadata"]["name"]: pod["status"]["podIP"]
        for pod in own_pods(api, node)
        if ipaddress.ip_address(pod["status"]["podIP"]) not in node.pod_cidr
    }
    assert not strangers, f"not of {node.pod_cidr}: {strangers}"


@pytest.mark.on(when=routed)
def test_packets_to_pods_of_other_nodes_go_straight_there(host: Host, node: Node, site: Site) -> None:
    for other in site.fleet:
        if other.name != node.name:
            pod = other.pod_cidr.network_address + 2
            route = json.loads(host.check_output(f"ip -json route get {pod}"))[0]
            assert route.get("gateway") == str(other.address), f"to {other.name} by {route.get('gateway')}"


@pytest.mark.on(when=routed)
def test_packets_to_its_own_pods_go_to_the_bridge(host: Host, node: Node, api: Api) -> None:
    for pod in own_pods(api, node):
        route = json.loads(host.check_output(f"ip -json route get {pod['status']['podIP']}"))[0]
        assert route["dev"] == "cni0", f"{pod['metadata']['name']}: by {route['dev']}"


@pytest.mark.on(when=routed)
def test_what_leaves_the_pod_network_leaves_as_its_node_and_nothing_else_does(host: Host, site: Site) -> None:
    rules = host.check_output("nft list table ip nightfleet-pods")
    pods = re.escape(str(site.network.pods))
    assert re.search("type nat hook postrouting", rules)
    masquerading = [line.strip() for line in rules.splitlines() if "masquerade" in line]
    assert len(masquerading) == 1, f"{len(masquerading)} rules"
    assert re.fullmatch(f"ip saddr {pods} ip daddr != {pods} masquerade", masquerading[0]), masquerading[0]


@pytest.mark.on(when=routed)
def test_routes_come_back_after_a_boot_before_kubelet(host: Host) -> None:
    assert host.check_output("systemctl is-enabled nightfleet-routes") == "enabled"
    before = host.check_output("systemctl show --value --property Before nightfleet-routes").split()
    assert "kubelet.service" in before


def tcp_ports(pod: dict[str, Any]) -> list[int]:
    """Return the ports that a pod says it serves."""
    ports = [port for container in pod["spec"]["containers"] for port in container.get("ports", [])]
    return [port["containerPort"] for port in ports if port.get("protocol", "TCP") == "TCP"]


@pytest.mark.within(30)
@pytest.mark.on(when=routed)
def test_it_connects_to_the_pods_of_every_node(host: Host, site: Site, api: Api) -> None:
    for other in members(api, site):
        for pod in own_pods(api, other):
            for port in tcp_ports(pod)[:1]:
                address = pod["status"]["podIP"]
                said = host.run(f"timeout 5 bash -c ': </dev/tcp/{address}/{port}'")
                what = f"{pod['metadata']['name']} on {other.name}, {address}:{port}"
                assert said.rc == 0, f"{what}: {said.stderr.strip().rpartition(': ')[2] or 'no answer'}"


@pytest.mark.on("worker", when=cilium)
def test_its_cilium_agent_is_ready(node: Node, api: Api) -> None:
    agents = [
        pod
        for pod in api("/api/v1/namespaces/kube-system/pods?labelSelector=k8s-app%3Dcilium")["items"]
        if pod["spec"].get("nodeName") == node.name
    ]
    assert len(agents) == 1, f"{len(agents)} agents"
    ready = {c["type"]: c["status"] for c in agents[0]["status"]["conditions"]}["Ready"]
    assert ready == "True", agents[0]["status"]["phase"]


@pytest.mark.on(when=cilium)
def test_cilium_alone_configures_pods(host: Host) -> None:
    configs = host.check_output(
        "ls /etc/cni/net.d/*.conf /etc/cni/net.d/*.conflist 2>/dev/null; true"
    ).split()
    assert [config.rpartition("/")[2] for config in configs] == ["05-cilium.conflist"]


def pair(site: Site, _node: Node) -> bool:
    """Whether there are two workers whose pods could talk."""
    return routed(site, _node) and len(site.having(Role.WORKER)) > 1


@pytest.mark.within(30)
@pytest.mark.on("worker", when=pair)
def test_a_pod_elsewhere_sees_its_pod_by_its_own_address(host: Host, node: Node, api: Api) -> None:
    running = api("/api/v1/namespaces/nightfleet-smoke/pods?labelSelector=app%3Dsmoke")["items"]
    pods = {pod["spec"]["nodeName"]: pod["status"].get("podIP") for pod in running}
    assert pods.get(node.name), "no smoke pod runs here: nightfleet converge --only smoke"
    for other, address in pods.items():
        if other != node.name:
            query = f"host={address}&port=8080&request=clientip&protocol=http&tries=1"
            said = host.check_output(f"curl -sS --max-time 10 'http://{pods[node.name]}:8080/dial?{query}'")
            seen = json.loads(said).get("responses", [said])[0].rpartition(":")[0]
            assert seen == pods[node.name], f"the pod on {other} sees {seen}, not {pods[node.name]}"
