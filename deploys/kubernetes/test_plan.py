"""What kubernetes puts on a node: kubeadm's configuration, kubelet's, artifacts and units."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploys.hostops.machine import Machine
from deploys.hostops.wanted import File
from deploys.kubernetes.plan import (
    DROP_IN,
    INIT,
    LEFT_BY_CONTROL_PLANE,
    LEFT_BY_INIT,
    LEFT_BY_JOIN,
    Ticket,
    Wanted,
    join_config,
    plan,
    preflight_ignored,
)
from nightfleet.depot.model import Index
from nightfleet.errors import NightfleetError
from nightfleet.site import Site

Edited = Callable[..., Site]
Inventory = Callable[[str], Site]
TOKEN, CA_HASH = "k2j8fq.0p3v9xw4h6t1m5zr", f"sha256:{'9f' * 32}"


def file(wanted: Wanted, path: str) -> File:
    return {file.path: file for file in wanted.files}[path]


def documents(content: str) -> dict[str, Any]:
    """Return the YAML documents of a file by their kind."""
    return {document["kind"]: document for document in yaml.safe_load_all(content)}


def init_of(machine: Machine, site: Site, index: Index) -> dict[str, Any]:
    return documents(file(plan(machine, site, site.first_control_plane, index), INIT).content)


def kubelet_of(machine: Machine, site: Site, index: Index, node: int = -1) -> dict[str, Any]:
    (kubelet,) = documents(file(plan(machine, site, site.fleet[node], index), DROP_IN).content).values()
    assert kubelet["apiVersion"] == "kubelet.config.k8s.io/v1beta1"
    return dict(kubelet)


# kubeadm init


@pytest.mark.parametrize("name", ["lab", "campus", "rack", "openstack"])
def test_only_the_first_control_plane_gets_kubeadms_configuration(
    name: str, server: Machine, index: Index, inventory: Inventory
) -> None:
    site = inventory(name)
    with_init = [
        node.name for node in site.fleet if INIT in {f.path for f in plan(server, site, node, index).files}
    ]
    assert with_init == [site.first_control_plane.name]
    assert file(plan(server, site, site.first_control_plane, index), INIT).mode == 0o600


@pytest.mark.parametrize("name", ["lab", "campus", "rack", "openstack"])
def test_kubeadms_configuration_has_four_documents_and_the_sites_values(
    name: str, server: Machine, index: Index, inventory: Inventory
) -> None:
    site = inventory(name)
    init = init_of(server, site, index)
    assert {kind: document["apiVersion"] for kind, document in init.items()} == {
        "InitConfiguration": "kubeadm.k8s.io/v1beta4",
        "ClusterConfiguration": "kubeadm.k8s.io/v1beta4",
        "KubeletConfiguration": "kubelet.config.k8s.io/v1beta1",
        "KubeProxyConfiguration": "kubeproxy.config.k8s.io/v1alpha1",
    }
    first = site.first_control_plane
    assert init["InitConfiguration"]["localAPIEndpoint"]["advertiseAddress"] == str(first.address)
    assert init["InitConfiguration"]["nodeRegistration"]["name"] == first.name
    cluster = init["ClusterConfiguration"]
    assert cluster["kubernetesVersion"] == f"v{site.artifacts.kubernetes}"
    assert cluster["controlPlaneEndpoint"] == site.endpoint
    assert cluster["networking"]["serviceSubnet"] == str(site.network.services)
    assert {first.name, str(first.address), site.endpoint.split(":")[0]} <= set(
        cluster["apiServer"]["certSANs"]
    )
    assert init["KubeletConfiguration"]["cgroupDriver"] == "systemd"
    assert init["KubeProxyConfiguration"]["mode"] == "nftables"


def test_only_workers_are_for_everybodys_pods(
    server: Machine, index: Index, inventory: Inventory, edited: Edited
) -> None:
    def registered(document: dict[str, Any]) -> Any:
        return document["nodeRegistration"]["taints"]

    rack = inventory("rack")
    control_plane = [{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}]
    assert registered(init_of(server, rack, index)["InitConfiguration"]) == control_plane
    both = edited("campus", ("[control_plane, registry]", "[control_plane, registry, worker]"))
    assert registered(init_of(server, both, index)["InitConfiguration"]) == []
    for name, expected in (
        ("rack-g1", []),
        ("rack-store", [{"key": "nightfleet/service", "effect": "NoSchedule"}]),
    ):
        (join,) = documents(join_config(rack, rack.node(name), Ticket(TOKEN, CA_HASH)).content).values()
        assert registered(join) == expected


def test_etcd_and_coredns_have_the_locks_versions(server: Machine, lab: Site, index: Index) -> None:
    cluster = init_of(server, lab, index)["ClusterConfiguration"]
    assert cluster["dns"]["imageTag"] == "v1.14.3"
    assert cluster["etcd"]["local"]["imageTag"] == "3.6.8-0"


def test_who_hands_out_pod_addresses_depends_on_the_network(
    server: Machine, index: Index, inventory: Inventory
) -> None:
    routed, cilium = (init_of(server, inventory(name), index) for name in ("lab", "rack"))
    assert "podSubnet" not in routed["ClusterConfiguration"]["networking"]  # each node knows its own
    assert routed["KubeProxyConfiguration"]["detectLocal"] == {"bridgeInterface": "cni0"}
    assert cilium["ClusterConfiguration"]["networking"]["podSubnet"] == "10.52.0.0/14"
    assert cilium["KubeProxyConfiguration"]["clusterCIDR"] == "10.52.0.0/14"


def test_a_container_leaves_the_machines_connection_table_alone(
    server: Machine, index: Index, inventory: Inventory
) -> None:
    assert init_of(server, inventory("lab"), index)["KubeProxyConfiguration"]["conntrack"] == {
        "maxPerCore": 0
    }
    assert "conntrack" not in init_of(server, inventory("rack"), index)["KubeProxyConfiguration"]


def test_cgroup_v1_is_allowed_where_it_is_and_nowhere_else(
    host_of_the_lab: Machine, server: Machine, lab: Site, index: Index, inventory: Inventory
) -> None:
    assert init_of(host_of_the_lab, lab, index)["KubeletConfiguration"]["failCgroupV1"] is False
    assert kubelet_of(host_of_the_lab, lab, index)["failCgroupV1"] is False
    for site in (lab, inventory("rack")):
        assert "failCgroupV1" not in init_of(server, site, index)["KubeletConfiguration"]
        assert "failCgroupV1" not in kubelet_of(server, site, index)


def test_preflight_checks_are_ignored_one_by_one_where_they_cannot_hold(
    host_of_the_lab: Machine, server: Machine, lab: Site, inventory: Inventory
) -> None:
    worker = lab.node("lab-w1")
    assert preflight_ignored(host_of_the_lab, worker) == ["SystemVerification", "Swap", "NumCPU", "Mem"]
    assert preflight_ignored(server, worker) == ["Swap", "NumCPU", "Mem"]
    assert preflight_ignored(server, inventory("campus").fleet[-1]) == ["Swap"]
    assert preflight_ignored(server, inventory("rack").fleet[-1]) == []


# kubelet


def test_all_five_eviction_signals_are_set_since_kubelet_forgets_its_own(
    server: Machine, index: Index, inventory: Inventory
) -> None:
    for name, imagefs in (("lab", "15%"), ("campus", "20%")):
        assert kubelet_of(server, inventory(name), index)["evictionHard"] == {
            "memory.available": "200Mi",
            "nodefs.available": "20%" if name == "campus" else "10%",
            "nodefs.inodesFree": "5%",
            "imagefs.available": imagefs,
            "imagefs.inodesFree": "5%",
        }


def test_kubelet_has_the_values_of_its_class(server: Machine, index: Index, inventory: Inventory) -> None:
    campus = kubelet_of(server, inventory("campus"), index)
    assert campus["systemReserved"] == {"cpu": "500m", "memory": "2Gi"}
    assert campus["maxPods"] == 32
    assert campus["failSwapOn"] is False
    assert (campus["imageGCHighThresholdPercent"], campus["imageGCLowThresholdPercent"]) == (70, 50)
    rack = kubelet_of(server, inventory("rack"), index)
    assert rack["failSwapOn"] is True
    assert (rack["serializeImagePulls"], rack["maxParallelImagePulls"]) == (False, 3)


@pytest.mark.parametrize("name", ["lab", "campus", "rack", "openstack"])
def test_quantities_are_texts_also_when_they_look_like_numbers(
    name: str, server: Machine, index: Index, inventory: Inventory
) -> None:
    site = inventory(name)
    for number in range(len(site.fleet)):
        kubelet = kubelet_of(server, site, index, number)
        quantities = {**kubelet["systemReserved"], **kubelet["evictionHard"]}
        assert {key: type(value) for key, value in quantities.items()} == dict.fromkeys(quantities, str)


def test_names_are_texts_also_when_they_look_like_numbers(
    server: Machine, index: Index, edited: Edited
) -> None:
    site = edited("campus", ("server-1:", "'1001':"), ("desk-[001-040]:", "'[001-040]':"))
    init = init_of(server, site, index)
    assert init["InitConfiguration"]["nodeRegistration"]["name"] == "1001"
    assert "1001" in init["ClusterConfiguration"]["apiServer"]["certSANs"]
    (join,) = documents(
        join_config(site, site.fleet[1], Ticket("123456.0123456789012345", CA_HASH)).content
    ).values()
    assert join["nodeRegistration"]["name"] == "001"
    assert join["discovery"]["bootstrapToken"]["token"] == "123456.0123456789012345"


def test_serial_pulls_have_no_number_of_parallel_ones(server: Machine, index: Index, edited: Edited) -> None:
    site = edited("rack", ("kubernetes:\n  name", "kubernetes:\n  serialize_image_pulls: true\n  name"))
    kubelet = kubelet_of(server, site, index)
    assert kubelet["serializeImagePulls"] is True
    assert "maxParallelImagePulls" not in kubelet


def test_name_servers_of_the_site_reach_coredns_by_kubelet(
    server: Machine, index: Index, edited: Edited
) -> None:
    assert "resolvConf" not in kubelet_of(server, edited("lab"), index)
    site = edited("lab", ("  cni: routed", "  cni: routed\n  resolvers: [10.0.0.53, 10.0.1.53]"))
    path = kubelet_of(server, site, index)["resolvConf"]
    content = file(plan(server, site, site.fleet[0], index), path).content
    assert content == "nameserver 10.0.0.53\nnameserver 10.0.1.53\n"


def test_kubelet_registers_with_name_and_address_of_the_site(
    server: Machine, lab: Site, index: Index
) -> None:
    wanted = plan(server, lab, lab.node("lab-w2"), index)
    unit = file(wanted, "/etc/systemd/system/kubelet.service.d/10-kubeadm.conf").content
    assert "--node-ip=10.77.0.22 --hostname-override=lab-w2\n" in unit
    assert f"--config-dir={Path(DROP_IN).parent}" in unit


def test_kubelet_restarts_for_what_it_reads_and_is_started_by_kubeadm(
    server: Machine, lab: Site, index: Index
) -> None:
    (unit,) = plan(server, lab, lab.fleet[1], index).units
    assert not unit.start
    assert {DROP_IN, "/usr/local/bin/kubelet"} <= set(unit.reads)


def test_a_node_that_waits_for_its_upgrade_keeps_its_version(
    server: Machine, index: Index, edited: Edited
) -> None:
    site = edited("rack", ("# kubernetes: 1.35.4", "kubernetes: 1.35.4"))
    versions = {
        node.name: {
            install.stored.version
            for install in plan(server, site, node, index).installs
            if install.stored.name != "etcd"
        }
        for node in site.fleet
    }
    assert versions["rack-g8"] == {"1.35.4"}
    assert versions["rack-g4"] == versions["rack-c1"] == {"1.36.3"}


def test_control_planes_get_the_tools_of_the_etcd_that_they_run(
    server: Machine, index: Index, inventory: Inventory
) -> None:
    site = inventory("rack")
    tools = {
        link.path: link.target
        for install in plan(server, site, site.first_control_plane, index).installs
        for link in install.link_list
        if install.stored.name == "etcd"
    }
    assert sorted(tools) == ["/usr/local/bin/etcdctl", "/usr/local/bin/etcdutl"]
    assert tools["/usr/local/bin/etcdctl"].endswith("/etcd-v3.6.8-linux-amd64/etcdctl")
    installs = plan(server, site, site.fleet[-1], index).installs
    assert "etcd" not in {install.stored.name for install in installs}


def test_each_node_gets_what_was_made_for_its_processor(server: Machine, lab: Site, index: Index) -> None:
    arm = plan(replace(server, arch="arm64"), lab, lab.fleet[1], index)
    assert {install.stored.arch for install in arm.installs} == {"arm64"}


def test_an_empty_depot_is_an_error_that_says_what_to_fetch(server: Machine, lab: Site) -> None:
    with pytest.raises(NightfleetError, match="not in the depot") as caught:
        plan(server, lab, lab.fleet[0], Index())
    assert "nightfleet depot fetch" in caught.value.hint


# kubeadm join


def test_the_join_configuration_holds_the_secret_and_only_root_reads_it(lab: Site) -> None:
    config = join_config(lab, lab.node("lab-w1"), Ticket(TOKEN, CA_HASH))
    assert config.mode == 0o600
    (join,) = documents(config.content).values()
    assert join["discovery"]["bootstrapToken"] == {
        "apiServerEndpoint": "10.77.0.11:6443",
        "token": TOKEN,
        "caCertHashes": [CA_HASH],
    }
    assert join["nodeRegistration"]["name"] == "lab-w1"
    assert "controlPlane" not in join


def test_a_control_planes_join_has_its_address_and_the_key_to_the_clusters_keys(inventory: Inventory) -> None:
    rack = inventory("rack")
    config = join_config(rack, rack.node("rack-c2"), Ticket(TOKEN, CA_HASH, rack.endpoint, "ab" * 32))
    (join,) = documents(config.content).values()
    assert join["controlPlane"] == {
        "localAPIEndpoint": {"advertiseAddress": "10.50.0.12"},
        "certificateKey": "ab" * 32,
    }
    assert join["discovery"]["bootstrapToken"]["apiServerEndpoint"] == "10.50.0.10:8443"


def test_an_interrupted_join_of_a_control_plane_leaves_what_init_and_join_leave() -> None:
    assert set(LEFT_BY_CONTROL_PLANE) == {*LEFT_BY_INIT, *LEFT_BY_JOIN}
