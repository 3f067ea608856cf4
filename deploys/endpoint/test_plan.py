"""What control planes get for their shared address."""

from collections.abc import Callable

import pytest

from deploys.endpoint.facts import carrier
from deploys.endpoint.plan import Wanted, plan, refusals, watch_port
from nightfleet.site import Role, Site

Edited = Callable[..., Site]


@pytest.fixture
def rack(inventory: Callable[[str], Site]) -> Site:
    """Three control planes behind a virtual address."""
    return inventory("rack")


def text(wanted: Wanted, name: str) -> str:
    """Return one of the files."""
    return next(file.content for file in wanted.files if file.path.endswith(name))


def test_haproxy_sends_to_every_api_server_and_asks_each_whether_it_is_ready(rack: Site) -> None:
    config = text(plan(rack, rack.first_control_plane, "eth0"), "haproxy.cfg")
    for server in rack.having(Role.CONTROL_PLANE):
        assert f"    server {server.name} {server.address}:6443\n" in config
    assert "option httpchk GET /readyz" in config
    assert f"bind :{rack.shared_endpoint.port}\n" in config


def test_all_control_planes_have_the_same_haproxy(rack: Site) -> None:
    servers = rack.having(Role.CONTROL_PLANE)
    assert len({text(plan(rack, node, "eth0"), "haproxy.cfg") for node in servers}) == 1


def test_keepalived_speaks_to_its_peers_by_name_and_to_nobody_else(rack: Site) -> None:
    first, second, third = rack.having(Role.CONTROL_PLANE)
    config = text(plan(rack, second, "eth0"), "keepalived.conf")
    assert f"unicast_src_ip {second.address}" in config
    peers = config.partition("unicast_peer {")[2].partition("}")[0].split()
    assert peers == [str(first.address), str(third.address)]
    assert "vrrp_check_unicast_src" in config


def test_no_control_plane_has_more_right_to_the_address_than_another(rack: Site) -> None:
    said = [text(plan(rack, node, "eth0"), "keepalived.conf") for node in rack.having(Role.CONTROL_PLANE)]
    assert all("state BACKUP\n    priority 100\n" in config for config in said)


def test_the_address_needs_no_api_server_before_there_is_a_cluster(rack: Site) -> None:
    config = text(plan(rack, rack.first_control_plane, "eth0"), "keepalived.conf")
    alive, ready = (
        config.partition(f"vrrp_script {name} {{")[2].partition("}")[0] for name in ("alive", "ready")
    )
    assert "weight -50" in alive  # yields to any that has haproxy
    assert "weight -20" in ready  # yields to any that reaches an API server
    assert f"127.0.0.1:{watch_port(rack)}/ready" in ready
    assert "script_user nobody" in config


def test_a_control_plane_alone_has_no_peers(lab: Site, edited: Edited) -> None:
    alone = edited("lab", ("\nlab: ", "\nendpoint: {virtual_address: 10.77.0.10}\n\nlab: "))
    config = text(plan(alone, alone.first_control_plane, "host0"), "keepalived.conf")
    assert "unicast" not in config.replace("vrrp_check_unicast_src", "")
    assert "interface host0\n" in config
    assert alone.endpoint == "10.77.0.10:8443"
    assert lab.endpoint == "10.77.0.11:6443"


def test_the_packages_own_services_are_masked_and_ours_restart_for_their_settings(rack: Site) -> None:
    wanted = plan(rack, rack.first_control_plane, "eth0")
    assert [(mask.path.rpartition("/")[2], mask.target) for mask in wanted.masks] == [
        ("haproxy.service", "/dev/null"),
        ("keepalived.service", "/dev/null"),
    ]
    assert [unit.name for unit in wanted.units] == [
        "nightfleet-haproxy.service",
        "nightfleet-keepalived.service",
    ]
    written = {file.path for file in wanted.files}
    assert all(set(unit.reads) <= written for unit in wanted.units)


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("2: host0@if17    inet 10.77.0.11/24 scope global host0\\       valid_lft forever", "host0"),
        ("3: enp1s0    inet 10.0.0.5/24 brd 10.0.0.255 scope global enp1s0", "enp1s0"),
        ("7: vlan7.100@bond0    inet 10.0.0.5/24 scope global", "vlan7.100"),
    ],
)
def test_the_interface_is_the_one_of_the_nodes_address(said: str, name: str) -> None:
    assert carrier([said]) == name


def test_a_host_whose_address_is_nowhere_is_refused_with_the_way_out(rack: Site) -> None:
    (reason,) = refusals(rack, rack.first_control_plane, carrier([]))
    assert "set endpoint.interface" in reason
    assert refusals(rack, rack.first_control_plane, "eth0") == []
