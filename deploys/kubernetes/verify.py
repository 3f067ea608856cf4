"""kubernetes, checked by what the API server and the running kubelets answer."""

import base64
import json
import ssl
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from testinfra.host import Host

from nightfleet.home import state_dir
from nightfleet.site import Node, Role, Site

Api = Callable[[str], Any]
STALE = 60  # seconds; kubelet renews its lease every 10, leaders every 2
DAY = 86400
LOOPBACK = ("127.", "[::1]")


def registered(api: Api, node: Node) -> dict[str, Any]:
    """Return a node as the API server has it."""
    found = {item["metadata"]["name"]: item for item in api("/api/v1/nodes")["items"]}
    assert node.name in found, "it is no member of the cluster"
    item: dict[str, Any] = found[node.name]
    return item


def configz(api: Api, node: Node) -> dict[str, Any]:
    """Return the configuration that the running kubelet works with."""
    config: dict[str, Any] = api(f"/api/v1/nodes/{node.name}/proxy/configz")["kubeletconfig"]
    return config


def without_layout(site: Site, node: Node) -> bool:
    """Whether thresholds are the site's own; else deploys/disks computes them for the node's disks."""
    return site.layout(node) is None


def age(host: Host, moment: str) -> float:
    """Return how many seconds ago it was, by the host's clock."""
    then = datetime.fromisoformat(moment.replace("Z", "+00:00")).timestamp()
    return float(host.check_output("date +%s.%N")) - then


def system_pods(api: Api, node: Node) -> list[dict[str, Any]]:
    """Return the pods of the cluster's own namespace on a node."""
    pods = api("/api/v1/namespaces/kube-system/pods")["items"]
    return [pod for pod in pods if pod["spec"].get("nodeName") == node.name]


# Every node


@pytest.mark.within(30)
def test_it_is_ready_and_says_so_now(host: Host, node: Node, api: Api) -> None:
    conditions = {c["type"]: c for c in registered(api, node)["status"]["conditions"]}
    assert conditions["Ready"]["status"] == "True", conditions["Ready"]["message"]
    leases = api("/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases")["items"]
    renewed = {lease["metadata"]["name"]: lease["spec"]["renewTime"] for lease in leases}
    assert node.name in renewed, "it has sent no heartbeat yet"
    assert age(host, renewed[node.name]) < STALE, f"its last heartbeat was at {renewed[node.name]}"


def test_it_is_under_no_pressure(node: Node, api: Api) -> None:
    conditions = registered(api, node)["status"]["conditions"]
    pressing = [c["type"] for c in conditions if c["type"] != "Ready" and c["status"] != "False"]
    assert not pressing, ", ".join(pressing)


def test_it_runs_the_sites_versions(node: Node, site: Site, api: Api) -> None:
    info = registered(api, node)["status"]["nodeInfo"]
    assert info["kubeletVersion"] == f"v{node.kubernetes}"
    assert info["containerRuntimeVersion"] == f"containerd://{site.artifacts.containerd}"


def test_it_registered_with_its_address_in_the_site(node: Node, api: Api) -> None:
    addresses = {a["type"]: a["address"] for a in registered(api, node)["status"]["addresses"]}
    assert addresses["InternalIP"] == str(node.address)


def test_it_carries_its_labels(node: Node, api: Api) -> None:
    labels = registered(api, node)["metadata"]["labels"]
    roles = {
        "node-role.kubernetes.io/worker": Role.WORKER,
        "node-role.kubernetes.io/control-plane": Role.CONTROL_PLANE,
    }
    assert {label for label, role in roles.items() if node.has(role)} == {
        key for key in roles if key in labels
    }
    assert labels.get("nightfleet/class") == node.class_name
    assert node.labels.items() <= labels.items()


def test_only_a_worker_takes_everybodys_pods(node: Node, api: Api) -> None:
    spec = registered(api, node)["spec"]
    taints = [taint["key"] for taint in spec.get("taints", []) if taint["effect"] != "PreferNoSchedule"]
    assert node.has(Role.WORKER) is (not taints), f"taints: {', '.join(taints) or 'none'}"


@pytest.mark.within(60)  # static pods run before their status is told
def test_every_pod_of_the_system_on_it_is_ready(node: Node, api: Api) -> None:
    pods = system_pods(api, node)
    assert any(pod["metadata"]["name"].startswith("kube-proxy-") for pod in pods), "no kube-proxy"
    ready = {
        pod["metadata"]["name"]
        for pod in pods
        if any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", []))
    }
    waiting = sorted({pod["metadata"]["name"] for pod in pods} - ready)
    assert not waiting, f"not ready: {', '.join(waiting)}"


@pytest.mark.on(when=without_layout)
def test_kubelet_evicts_at_the_sites_five_thresholds(node: Node, site: Site, api: Api) -> None:
    assert configz(api, node)["evictionHard"] == site.kubernetes.eviction.model_dump(by_alias=True)


def test_kubelet_pulls_and_drops_images_as_the_site_says(node: Node, site: Site, api: Api) -> None:
    config, wanted = configz(api, node), site.kubernetes
    if without_layout(site, node):
        assert config["imageGCHighThresholdPercent"] == wanted.image_gc_high
        assert config["imageGCLowThresholdPercent"] == wanted.image_gc_low
    assert config["serializeImagePulls"] is wanted.serialize_image_pulls
    if not wanted.serialize_image_pulls:
        assert config["maxParallelImagePulls"] == wanted.max_parallel_image_pulls


def test_kubelet_keeps_for_the_system_what_its_class_says(node: Node, api: Api) -> None:
    config, machine = configz(api, node), node.machine
    reserved = {"cpu": machine.system_reserved_cpu, "memory": machine.system_reserved_memory}
    assert config["systemReserved"] == reserved
    assert config["failSwapOn"] is (machine.swap == "off")
    assert registered(api, node)["status"]["capacity"]["pods"] == str(machine.max_pods)


@pytest.mark.on(when=lambda site, _node: bool(site.network.resolvers))
def test_pods_ask_the_sites_name_servers(host: Host, node: Node, site: Site, api: Api) -> None:
    lines = host.check_output(f"cat {configz(api, node)['resolvConf']}").splitlines()
    asked = [line.split()[1] for line in lines if line.startswith("nameserver ")]
    assert asked == [str(address) for address in site.network.resolvers]


def test_pods_live_in_groups_that_systemd_keeps(host: Host, node: Node, api: Api) -> None:
    assert configz(api, node)["cgroupDriver"] == "systemd"
    assert host.check_output("systemctl is-active kubepods.slice") == "active"


@pytest.mark.parametrize(
    ("signal", "folder"), [("imagefs", "/var/lib/containerd"), ("nodefs", "/var/lib/kubelet")]
)
def test_kubelet_watches_the_file_system_that_is_used(
    host: Host, node: Node, api: Api, signal: str, folder: str
) -> None:
    stats = api(f"/api/v1/nodes/{node.name}/proxy/stats/summary")["node"]
    watched = {"imagefs": stats["runtime"]["imageFs"], "nodefs": stats["fs"]}[signal]
    size, blocks = map(int, host.check_output(f"stat --file-system --format '%S %b' {folder}").split())
    assert watched["capacityBytes"] == size * blocks, f"{signal} is not the file system of {folder}"


@pytest.mark.within(30)  # kube-proxy is called Ready as soon as it runs, before it has written its rules
def test_it_reaches_a_ready_api_server_by_endpoint_and_by_service(host: Host, site: Site) -> None:
    service = site.network.services.network_address + 1  # kube-proxy's rules on this node lead there
    for server in (site.endpoint, f"{service}:443"):
        answer = host.run(f"curl -sk --max-time 10 -w ' %{{http_code}}' https://{server}/readyz")
        assert answer.stdout == "ok 200", f"{server}: {answer.stdout or answer.stderr}"


@pytest.mark.within(30)
def test_kube_proxy_works_with_nftables(host: Host) -> None:
    assert host.check_output("curl -sS --max-time 10 http://127.0.0.1:10249/proxyMode") == "nftables"


def test_kubelet_answers_nobody_who_is_nobody(host: Host, node: Node) -> None:
    ask = "curl -sk --max-time 10 -o /dev/null -w '%{http_code}'"
    assert host.check_output(f"{ask} https://{node.address}:10250/pods") == "401"
    assert not host.check_output("ss -Hltn 'sport = :10255'"), "its read-only port is open"


def test_nothing_of_the_join_is_left_behind(host: Host) -> None:
    left = host.check_output(
        "ls /etc/kubernetes/nightfleet/join.yaml /etc/kubernetes/bootstrap-kubelet.conf"
        " /run/nightfleet-kubeadm.??* 2>/dev/null | grep -v '[.]lock$'; true"
    )
    assert not left, f"left: {', '.join(left.split())}"


def test_keys_and_kubeconfigs_are_for_root_alone(host: Host) -> None:
    open_to_others = host.check_output(
        "find /etc/kubernetes/*.conf $(find /etc/kubernetes /var/lib/kubelet/pki -name '*.key')"
        " -perm /077 -o '!' -user root"
    )
    assert not open_to_others, f"readable by others: {', '.join(open_to_others.split())}"


# The control plane


@pytest.mark.on("first_control_plane")
def test_the_api_server_has_the_sites_version(host: Host, site: Site) -> None:
    said = json.loads(host.check_output(f"curl -skf --max-time 10 https://{site.endpoint}/version"))
    assert said["gitVersion"] == f"v{site.artifacts.kubernetes}"


@pytest.mark.on("control_plane")
def test_the_parts_of_the_control_plane_run_the_sites_version(node: Node, api: Api) -> None:
    images = {
        pod["metadata"]["labels"].get("component", ""): pod["spec"]["containers"][0]["image"]
        for pod in system_pods(api, node)
    }
    for part in ("kube-apiserver", "kube-controller-manager", "kube-scheduler"):
        assert images.get(part, "none").endswith(f"/{part}:v{node.kubernetes}"), images.get(part, "none")


@pytest.mark.on("control_plane")
def test_etcd_is_healthy_and_has_a_leader(host: Host) -> None:
    ask = "curl -sS --max-time 10 http://127.0.0.1:2381"
    assert json.loads(host.check_output(f"{ask}/health"))["health"] == "true"
    assert "etcd_server_has_leader 1" in host.check_output(f"{ask}/metrics").splitlines()


@pytest.mark.on("control_plane")
def test_etcd_has_as_many_healthy_members_as_control_planes(host: Host, site: Site) -> None:
    pki = "/etc/kubernetes/pki/etcd"
    opened = f"--cacert={pki}/ca.crt --cert={pki}/healthcheck-client.crt --key={pki}/healthcheck-client.key"
    etcdctl = f"etcdctl --endpoints=https://127.0.0.1:2379 {opened} -w json"
    members = json.loads(host.check_output(f"{etcdctl} member list"))["members"]
    voting = {member.get("name", "") for member in members if not member.get("isLearner")}
    assert voting == {node.name for node in site.having(Role.CONTROL_PLANE)}
    health = json.loads(host.run(f"{etcdctl} endpoint health --cluster").stdout)
    sick = [one["endpoint"] for one in health if not one["health"]]
    assert not sick, f"not healthy: {', '.join(sick)}"


@pytest.mark.on("control_plane")
def test_etcd_and_the_controllers_listen_no_further_than_they_must(host: Host, node: Node) -> None:
    own = (*LOOPBACK, f"{node.address}:")
    allowed = {"etcd": own, "kube-scheduler": LOOPBACK, "kube-controller": LOOPBACK}
    sockets = [line.split() for line in host.check_output("ss -Hltnp").splitlines()]
    wide = [
        f"{program} on {socket[3]}"
        for socket in sockets
        for program, places in allowed.items()
        if f'"{program}"' in socket[-1] and not socket[3].startswith(places)
    ]
    assert not wide, ", ".join(wide)


@pytest.mark.on("first_control_plane")
def test_scheduler_and_controllers_have_a_leader_at_work(host: Host, api: Api) -> None:
    leases = api("/apis/coordination.k8s.io/v1/namespaces/kube-system/leases")["items"]
    renewed = {lease["metadata"]["name"]: lease["spec"]["renewTime"] for lease in leases}
    for part in ("kube-scheduler", "kube-controller-manager"):
        assert age(host, renewed[part]) < STALE, f"{part} was last heard of at {renewed[part]}"


@pytest.mark.on("first_control_plane")
def test_the_api_server_tells_strangers_nothing_of_the_cluster(host: Host, site: Site) -> None:
    ask = "curl -sk --max-time 10 -o /dev/null -w '%{http_code}'"
    assert host.check_output(f"{ask} https://{site.endpoint}/api/v1/nodes") == "403"


@pytest.mark.on("first_control_plane")
def test_every_bootstrap_token_ends_within_a_day(host: Host) -> None:
    # only the expirations: a token must not even appear in a report
    said = host.check_output(
        "kubectl --kubeconfig /etc/kubernetes/admin.conf --namespace kube-system get secrets"
        " --field-selector type=bootstrap.kubernetes.io/token"
        " --output jsonpath='{range .items[*]}{.data.expiration}{\"#\\n\"}{end}'"
    )
    ends = [base64.b64decode(line.rstrip("#")).decode() for line in said.splitlines()]
    assert all(ends), "there is a token without an end"
    assert all(age(host, end) > -DAY for end in ends), f"ends: {', '.join(ends)}"


@pytest.mark.on("control_plane")
def test_certificates_are_good_for_a_month(host: Host) -> None:
    found = json.loads(host.check_output("kubeadm certs check-expiration --output json 2>/dev/null"))
    # super-admin.conf is missing for good reason where a control plane has joined: only the first one has it
    there = [c for c in found["certificates"] if not c.get("missing")]
    soon = [c["name"] for c in there if c["residualTime"] < 30 * DAY]
    assert there
    assert not soon, f"renew with nightfleet node renew-certificates: {', '.join(soon)}"


@pytest.mark.on("first_control_plane")
def test_the_operators_kubeconfig_opens_the_cluster(node: Node, site: Site) -> None:
    path = state_dir(site.site) / "kubeconfig"
    if not path.exists():
        pytest.skip(f"this operator has no {path}")
    assert path.stat().st_mode & 0o077 == 0, f"others may read {path}"
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    context = ssl.create_default_context(
        cadata=base64.b64decode(cluster["certificate-authority-data"]).decode()
    )
    with tempfile.TemporaryDirectory() as folder:
        pair = Path(folder, "pair.pem")  # ssl reads certificates from files only
        pair.touch(mode=0o600)
        pair.write_bytes(
            b"".join(base64.b64decode(user[f"client-{part}-data"]) for part in ("certificate", "key"))
        )
        context.load_cert_chain(pair)
    try:
        with urllib.request.urlopen(
            f"{cluster['server']}/api/v1/nodes", timeout=10, context=context
        ) as answer:
            names = {item["metadata"]["name"] for item in json.load(answer)["items"]}
    except urllib.error.URLError as error:
        raise AssertionError(f"{cluster['server']}: {error.reason}") from error
    assert node.name in names, f"{cluster['server']} is another cluster: {', '.join(sorted(names))}"
