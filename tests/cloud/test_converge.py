"""From a real apply to a Ready cluster, and nothing is typed twice.

Guests of the services do not boot. Lab hosts stand for them: the site as it was handed over, node by node and
under the addresses that Terraform gave out, with the section `lab` in the place of `cloud`.
"""

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from cloud.box import ROOT, Box
from cloud.project import Project

from nightfleet.site import Role, load_site
from nightfleet.site.handover import joined, read_handover
from tests.lab.cluster import Cluster

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="hosts are booted by root only")
ADDRESSES = {"nfo-c1": "10.93.0.11", "nfo-r1": "10.93.0.20", "nfo-w1": "10.93.0.21"}
SSH = "/var/lib/nightfleet/lab/nft-cloud/ssh"
SITE = f"""\
site: nft-cloud
cloud: {{name: osbox, directory: terraform/examples/gpu-cluster}}
classes:
  small: {{kind: vm, swap: keep, system_reserved_cpu: 50m, system_reserved_memory: 64Mi}}
  large: {{kind: vm, swap: keep, system_reserved_cpu: 50m, system_reserved_memory: 64Mi}}
connection: {{user: root, key: {SSH}/id_ed25519, known_hosts: {SSH}/known_hosts}}
network: {{pods: 10.193.0.0/16, services: 10.194.0.0/16, domain: cloud.nightfleet.internal, cni: routed}}
artifacts: {{depot: "http://10.93.0.1:8477"}}
base: {{updates: none}}
registry: {{projects: {{registry.k8s.io: {{seed: true}}}}}}
"""
LAB = {"bridge": "nft-cloud", "gateway": "10.93.0.1"}


@pytest.fixture(scope="module")
def made(box: Box, _provider: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The example of a whole cluster, made: a control plane, a registry, a worker."""
    project = Project(
        tmp_path_factory.mktemp("nfo"),
        box,
        "gpu-cluster",
        name="nfo",
        cidr="10.93.0.0/24",
        flavors=dict.fromkeys(("control_plane", "registry", "worker", "bastion"), "nf.small"),
        control_planes={"nfo-c1": ADDRESSES["nfo-c1"]},
        registry={"nfo-r1": ADDRESSES["nfo-r1"]},
        workers={"nfo-w1": ADDRESSES["nfo-w1"]},
        volumes={"imagefs": {"size": 1}},
        api="single",
    )
    project.site.write_text(SITE)
    try:
        project.run("init")
        project.run("apply")
        yield project
    finally:
        project.take_down()


@pytest.fixture(scope="module")
def cluster(made: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The same site on lab hosts; nothing of it is left afterwards."""
    place = tmp_path_factory.mktemp("hosts")
    data: dict[str, Any] = yaml.safe_load(made.site.read_text())
    data = joined(data, read_handover((made.place / "outputs.json").read_text()))
    del data["cloud"]
    for machine in data["classes"].values():
        machine["kind"] = "container"
    (place / "site.yaml").write_text(json.dumps({**data, "lab": LAB}))
    (place / "hosts.py").write_bytes((ROOT / "inventory" / "openstack" / "hosts.py").read_bytes())
    there = Cluster(place / "site.yaml", place)
    there.take_down()
    try:
        yield there
    finally:
        there.take_down()


def test_the_site_has_the_machines_that_terraform_made(made: Project) -> None:
    site = load_site(made.site)
    assert {node.name: str(node.address) for node in site.fleet} == ADDRESSES
    assert site.endpoint == "10.93.0.11:6443"
    assert [node.name for node in site.having(Role.REGISTRY)] == ["nfo-r1"]
    assert site.handover
    assert list(site.handover.nodes["nfo-w1"].volumes) == ["imagefs"]


def test_the_same_site_becomes_a_ready_cluster_and_the_second_time_nothing_changes(cluster: Cluster) -> None:
    told = cluster.nightfleet("lab", "up")
    nodes = {node["name"]: node for node in told["cluster"]["nodes"]}
    assert {name: nodes[name]["ready"] for name in ("nfo-c1", "nfo-w1")} == {
        "nfo-c1": "True",
        "nfo-w1": "True",
    }
    assert cluster.converge().changes == 0
