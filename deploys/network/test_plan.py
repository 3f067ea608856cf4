"""What connects the pods of a node, and when Cilium cannot."""

import json
import shutil
import subprocess
from collections.abc import Callable
from ipaddress import ip_address, ip_network

import pytest
import yaml

from deploys.hostops.wanted import File
from deploys.network.plan import Routed, plan, plan_chart, refusals, values
from nightfleet.depot.model import Arch, Index, Kind, Origin, Stored
from nightfleet.site import Cni, Site

Inventory = Callable[[str], Site]
NFT = shutil.which("nft", path="/usr/sbin:/usr/bin")
ROUTED, CILIUM = ("lab", "campus"), ("rack", "openstack")


def file(wanted: Routed, path: str) -> File:
    return {file.path: file for file in wanted.files}[path]


@pytest.fixture(scope="session")
def index_with_chart(index: Index) -> Index:
    """A depot whose operator has added the chart to the version lock."""
    chart = Stored(
        name="cilium-chart",
        version="1.18.4",
        arch=Arch.AMD64,
        file="cilium-1.18.4.tgz",
        sha256="ab" * 32,
        size=1,
        origin=Origin.UPSTREAM,
        kind=Kind.TARBALL,
        key="ab" * 32,
    )
    return index.having(chart)


# Routed


@pytest.mark.parametrize("name", ROUTED)
def test_there_is_a_route_to_every_other_node_and_none_to_itself(name: str, inventory: Inventory) -> None:
    site = inventory(name)
    for node in site.fleet:
        lines = [
            line.split() for line in file(plan(site, node), "/etc/nightfleet/routes").content.splitlines()
        ]
        assert {line[0] + line[1] for line in lines} == {"routereplace"}
        assert {(line[2], line[4]) for line in lines} == {
            (str(other.pod_cidr), str(other.address)) for other in site.fleet if other is not node
        }
        assert str(node.pod_cidr) not in {line[2] for line in lines}


def test_the_cni_configuration_hands_out_the_nodes_own_share(lab: Site) -> None:
    for node in lab.fleet:
        conflist = json.loads(file(plan(lab, node), "/etc/cni/net.d/10-nightfleet.conflist").content)
        bridge, portmap = conflist["plugins"]
        assert (conflist["cniVersion"], bridge["type"], portmap["type"]) == ("1.0.0", "bridge", "portmap")
        assert bridge["bridge"] == "cni0"  # kube-proxy is told the same name
        assert bridge["ipam"]["ranges"] == [[{"subnet": str(node.pod_cidr)}]]
        assert bridge["isGateway"] is True
        assert portmap["capabilities"] == {"portMappings": True}


def test_no_two_nodes_have_the_same_share(inventory: Inventory) -> None:
    site = inventory("campus")
    shares = [node.pod_cidr for node in site.fleet]
    assert len(set(shares)) == len(site.fleet)
    assert all(share is not None and share.subnet_of(site.network.pods) for share in shares)


def test_pods_keep_their_address_among_themselves(lab: Site) -> None:
    rules = file(plan(lab, lab.fleet[0]), "/etc/nightfleet/pods.nft").content
    assert "ip saddr 10.78.0.0/16 ip daddr != 10.78.0.0/16 masquerade" in rules
    # loading it twice leaves one table: it is made if missing, deleted, made anew
    tables = [line for line in rules.splitlines() if "table" in line]
    assert tables == [
        "table ip nightfleet-pods",
        "delete table ip nightfleet-pods",
        "table ip nightfleet-pods {",
    ]


@pytest.mark.skipif(NFT is None, reason="nft is not installed")
def test_nft_reads_the_rules(lab: Site) -> None:
    rules = file(plan(lab, lab.fleet[0]), "/etc/nightfleet/pods.nft").content
    nft = shutil.which("nft", path="/usr/sbin:/usr/bin")
    done = subprocess.run(
        [str(nft), "-c", "-f", "-"], input=rules, text=True, check=False, capture_output=True
    )
    if "Operation not permitted" in done.stderr:
        pytest.skip("nft may not look at the kernel's rules without root")
    assert done.returncode == 0, done.stderr


def test_routes_are_set_again_when_a_node_comes_or_goes_and_before_kubelet_at_boot(lab: Site) -> None:
    wanted = plan(lab, lab.fleet[0])
    (unit,) = wanted.units
    assert {"/etc/nightfleet/routes", "/etc/nightfleet/pods.nft"} <= set(unit.reads)
    service = file(wanted, "/etc/systemd/system/nightfleet-routes.service").content
    assert "\nBefore=kubelet.service\n" in service
    assert "\nRemainAfterExit=yes\n" in service


# Cilium


@pytest.mark.parametrize("name", CILIUM)
def test_without_the_chart_cilium_is_refused_with_the_way_out(
    name: str, index: Index, inventory: Inventory
) -> None:
    (reason,) = refusals(inventory(name), index, "amd64")
    assert "cilium-chart 1.18.4 for amd64 is not in the depot" in reason
    assert "nightfleet depot fetch cilium-chart@1.18.4" in reason
    assert "\n" not in reason


@pytest.mark.parametrize("name", CILIUM)
def test_with_the_chart_it_is_applied_from_its_folder(
    name: str, index_with_chart: Index, inventory: Inventory
) -> None:
    site = inventory(name)
    assert refusals(site, index_with_chart, "amd64") == []
    chart = plan_chart(site, index_with_chart, "amd64")
    assert chart.folder == "/opt/nightfleet/cilium-chart/1.18.4-abababab/cilium"
    assert [install.stored.name for install in chart.installs] == ["helm", "cilium-chart"]


@pytest.mark.parametrize("name", CILIUM)
def test_ciliums_values_are_the_sites(name: str, inventory: Inventory) -> None:
    site = inventory(name)
    assert site.network.cni is Cni.CILIUM
    found = yaml.safe_load(values(site))
    assert f"{found['k8sServiceHost']}:{found['k8sServicePort']}" == site.endpoint
    operator = found["ipam"]["operator"]
    assert [ip_network(each) for each in operator["clusterPoolIPv4PodCIDRList"]] == [site.network.pods]
    assert found["ipam"]["mode"] == "cluster-pool"
    assert found["cluster"]["name"] == site.kubernetes.name
    assert found["operator"]["replicas"] == 2
    assert found["kubeProxyReplacement"] is False
    assert ip_address(operator["clusterPoolIPv4PodCIDRList"][0].split("/")[0]) in site.network.pods
