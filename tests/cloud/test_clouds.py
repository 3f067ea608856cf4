"""The same modules on two clouds that differ in every name, and in what they have: variables, no forks."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cloud.box import Box
from cloud.project import Project

FLAVORS = ("control_plane", "registry", "worker", "bastion")
CLUSTER: dict[str, Any] = {
    "control_planes": {"os-c1": "192.168.60.11"},
    "workers": {"os-w01": "192.168.60.101"},
}
RICH = {
    **CLUSTER,
    "name": "rich",
    "flavors": dict.fromkeys(FLAVORS, "m1.diskless"),
    "boot_volume": {"size": 1, "type": "ssd"},
    "volumes": {"imagefs": {"size": 1, "type": "ssd"}},
    "api": "octavia",
    "api_public": True,
    "shares": {
        "home": {"protocol": "NFS", "size": 1, "access": {"nodes": {"to": "192.168.60.0/24"}}},
        "models": {"protocol": "CEPHFS", "size": 1, "access": {"pods": {"to": "reader", "level": "ro"}}},
    },
}
POOR = {
    **CLUSTER,
    "name": "poor",
    "external_network": "ext-net",
    "image": "Debian Bookworm (cloud)",
    "flavors": dict.fromkeys(FLAVORS, "c.1"),
    "volumes": {"scratch": {"size": 1}},
    "spread": None,
    "api": "virtual",
}


@pytest.fixture(scope="module")
def _of_the_clouds(box: Box) -> None:
    """What the two clouds call things."""
    admin = box.admin
    admin.compute.create_flavor(name="m1.diskless", ram=512, vcpus=1, disk=0)
    admin.compute.create_flavor(name="c.1", ram=512, vcpus=1, disk=1)
    admin.block_storage.create_type(name="ssd")
    admin.create_image(
        POOR["image"],
        data=b"\0" * 4096,
        disk_format="raw",
        container_format="bare",
        visibility="public",
        wait=True,
    )
    network = admin.network.create_network(name="ext-net", is_router_external=True)
    admin.network.create_subnet(
        network_id=network.id, name="ext-net", ip_version=4, cidr="198.18.0.0/24", enable_dhcp=False
    )


@contextmanager
def without(box: Box, *types: str) -> Iterator[None]:
    """Take services out of the catalogue for a while."""
    services = [one for one in box.admin.identity.services() if one.type in types]
    assert len(services) >= len(types), f"{types} among {[one.type for one in box.admin.identity.services()]}"
    for one in services:
        box.admin.identity.update_service(one, is_enabled=False)
    try:
        yield
    finally:
        for one in services:
            box.admin.identity.update_service(one, is_enabled=True)


@contextmanager
def applied(
    place: Path, box: Box, variables: dict[str, Any], killed: Sequence[int] = ()
) -> Iterator[Project]:
    """The large example, killed after so many resources and gone on with; nothing of it stays."""
    project = Project(place, box, "gpu-cluster", **variables)
    project.run("init")
    try:
        for made in killed:
            with project.applying(made):
                pass
        project.run("apply")
        yield project
        again = project.plan()
        counts = {word: number for word, number in again["verdict"]["counts"].items() if number}
        assert counts == {}, again
    finally:
        project.take_down()
    assert box.left() == {}


@pytest.mark.usefixtures("_provider", "_of_the_clouds")
def test_a_cloud_with_load_balancers_shares_and_flavors_without_disks(tmp_path: Path, box: Box) -> None:
    """Killed twice while all that is made: nothing is there twice, nothing stays."""
    with applied(tmp_path / "rich", box, RICH, killed=(14, 22)):
        (balancer,) = box.member.load_balancer.load_balancers()
        assert balancer.vip_address == "192.168.60.5"
        protocols = sorted(one.share_protocol for one in box.member.shared_file_system.shares())
        assert protocols == ["CEPHFS", "NFS"]
        assert len(list(box.member.compute.server_groups())) == 1
        volumes = list(box.member.block_storage.volumes())
        assert {one.volume_type for one in volumes} == {"ssd"}
        assert {one.is_bootable for one in volumes} == {True, False}


@pytest.mark.usefixtures("_provider", "_of_the_clouds")
def test_a_cloud_with_other_names_and_neither_load_balancers_nor_shares(tmp_path: Path, box: Box) -> None:
    with without(box, "load-balancer", "shared-file-system"), applied(tmp_path / "poor", box, POOR):
        servers = list(box.member.compute.servers())
        assert {one.name for one in servers} == {"os-c1", "os-registry", "os-w01", "poor-bastion"}
        (router,) = box.member.network.routers(project_id=box.member.current_project_id)
        gateway = box.member.network.get_network(router.external_gateway_info["network_id"])
        assert gateway.name == "ext-net"
