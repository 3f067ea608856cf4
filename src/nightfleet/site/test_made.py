"""Claims about sites whose machines Terraform made."""

import json
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from nightfleet.site import Role, SiteError, load_site
from nightfleet.site.handover import CloudVolume, read_handover
from nightfleet.site.load import load_before_it_is_made

TEXT = """\
site: small
cloud: {directory: terraform}
classes:
  box: {kind: vm}
connection: {user: debian, key: key}
network: {pods: 10.1.0.0/16, services: 10.2.0.0/16, cni: routed}
"""


def outputs(**changes: Any) -> str:
    """What `terraform output -json` says of one control plane and one worker."""
    node = {"class": "box", "instance_id": "1", "volumes": {}}
    value = {
        "schema": 1,
        "name": "small",
        "network": "10.0.0.0/24",
        "endpoint": "10.0.0.5:6443",
        "public_address": None,
        "nodes": {
            "a-w1": {
                **node,
                "role": "worker",
                "address": "10.0.0.21",
                "volumes": {"imagefs": {"id": "v", "size": 9}},
            },
            "b-c1": {**node, "role": "control_plane", "address": "10.0.0.11"},
        },
        "shares": {},
    }
    return json.dumps({"nightfleet": {"sensitive": False, "type": "x", "value": {**value, **changes}}})


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site file with what Terraform said beside it."""
    path = tmp_path / "site.yaml"
    path.write_text(TEXT)
    path.with_name("outputs.json").write_text(outputs())
    return path


def test_nodes_their_network_and_the_endpoint_come_from_terraform(site: Path) -> None:
    loaded = load_site(site)
    assert [(node.name, str(node.address)) for node in loaded.fleet] == [
        ("b-c1", "10.0.0.11"),
        ("a-w1", "10.0.0.21"),
    ]
    assert [node.name for node in loaded.having(Role.WORKER)] == ["a-w1"]
    assert str(loaded.network.nodes) == "10.0.0.0/24"
    assert loaded.endpoint == "10.0.0.5:6443"
    assert loaded.handover
    assert loaded.handover.nodes["a-w1"].volumes["imagefs"].size == 9


def test_what_the_file_says_itself_stays(site: Path) -> None:
    site.write_text(TEXT + "kubernetes: {endpoint: 'api.example.org:6443'}\n")
    assert load_site(site).endpoint == "api.example.org:6443"


def test_a_virtual_address_is_held_by_the_nodes_and_needs_no_other_endpoint(site: Path) -> None:
    site.write_text(TEXT + "endpoint: {virtual_address: 10.0.0.5}\n")
    site.with_name("outputs.json").write_text(outputs(endpoint="10.0.0.5:8443"))
    loaded = load_site(site)
    assert loaded.kubernetes.endpoint is None
    assert loaded.endpoint == "10.0.0.5:8443"


def test_outputs_that_were_recorded_anew_are_read_anew(site: Path) -> None:
    assert len(load_site(site).fleet) == 2
    one = {"b-c1": {"role": "control_plane", "class": "box", "address": "10.0.0.12"}}
    site.with_name("outputs.json").write_text(outputs(nodes=one))
    assert [str(node.address) for node in load_site(site).fleet] == ["10.0.0.12"]


def test_before_anything_is_made_the_fault_names_the_command(site: Path) -> None:
    site.with_name("outputs.json").unlink()
    with pytest.raises(SiteError, match="nightfleet cloud apply makes the machines"):
        load_site(site)


def test_before_anything_is_made_the_rest_of_the_file_is_checked_all_the_same(site: Path) -> None:
    site.with_name("outputs.json").unlink()
    before = load_before_it_is_made(site)
    assert before.handover is None
    assert before.cloud
    site.write_text(TEXT.replace("cni: routed", "cni: rooted"))
    with pytest.raises(SiteError, match="did you mean 'routed'"):
        load_before_it_is_made(site)


def test_a_class_that_the_site_does_not_know_is_told(site: Path) -> None:
    site.write_text(TEXT.replace("box: ", "server: "))
    with pytest.raises(SiteError, match="unknown class 'box'"):
        load_site(site)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not JSON"),
        ("{}", "there is no output 'nightfleet'"),
        (outputs(schema=2), "schema 2 of the output; this nightfleet reads 1"),
        (outputs(network="10.0.0.1/24"), "network: "),
    ],
)
def test_an_output_that_cannot_be_read_says_why(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_handover(text)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("virtio-0d3b2a8e-5f1c-4c6e-9", id="virtio"),
        pytest.param("scsi-0QEMU_QEMU_HARDDISK_0d3b2a8e-5f1c-4c6e-9", id="scsi"),
        pytest.param("scsi-SQEMU_QEMU_HARDDISK_0d3b2a8e-5f1c-4c6e-9a1b-1c2d3e4f5a6b", id="scsi-whole"),
    ],
)
def test_every_bus_shows_a_volume_s_id_in_its_own_way(name: str) -> None:
    volume = CloudVolume(id="0d3b2a8e-5f1c-4c6e-9a1b-1c2d3e4f5a6b", size=10)
    assert fnmatchcase(name, volume.disk)
    assert not fnmatchcase(name.replace("0d3b", "1d3b"), volume.disk)


def test_before_the_first_apply_the_stand_in_has_the_registry_that_the_file_counts_on(site: Path) -> None:
    site.with_name("outputs.json").unlink()
    site.write_text(TEXT + "registry: {projects: {registry.k8s.io: {seed: true}}}\n")
    assert [node.has(Role.REGISTRY) for node in load_before_it_is_made(site).fleet] == [True]


def test_a_layout_gets_the_names_of_each_node_s_own_volumes(site: Path) -> None:
    one = "{use: {data: {cloud_volume: imagefs}}, imagefs: {on: data, size: rest}}"
    site.write_text(f"{TEXT}disks: {{box: {one}}}\n")
    loaded = load_site(site)
    places = {node.name: layout.use["data"] for node in loaded.fleet if (layout := loaded.layout(node))}
    assert places["a-w1"].id == "*[-_]v*"
    assert (places["b-c1"].id, places["b-c1"].cloud_volume) == (None, "imagefs")
