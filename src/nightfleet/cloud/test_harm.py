"""Claims about whom a change hits, and what is harmed beside machines."""

from collections.abc import Callable
from typing import Any

import pytest

from nightfleet.cloud.conftest import entry
from nightfleet.cloud.guard import judge
from nightfleet.cloud.harm import Harm, Kind, harms
from nightfleet.cloud.occupied import NO_CLUSTER, Occupied

Maker = Callable[..., Any]
NETWORK = [{"port": "port-1", "fixed_ip_v4": "10.0.0.21"}]
SERVER = {"id": "i1", "name": "os-w1", "network": NETWORK}
BUSY = Occupied(pods={"os-w1": ("ml/train-0",)}, nodes={"10.0.0.21": "os-w1"})
ATTACHMENT = "module.nodes.openstack_compute_volume_attach_v2"
PORT = "module.nodes.openstack_networking_port_v2"


def only(changes: Any) -> Harm:
    """Return the one harm of a plan."""
    (harm,) = harms(changes)
    return harm


def detached(address: str, instance_id: str = "i1") -> dict[str, Any]:
    """The end of an attachment."""
    return entry(address, ["delete"], {"instance_id": instance_id, "volume_id": "v1"}, None)


def port(address: str, *fixed: str, to: str = "10.0.0.99", **more: Any) -> dict[str, Any]:
    """A port with these addresses that gets another one."""
    before = {"id": "port-1", "name": "gpu-api", "fixed_ip": [{"ip_address": one} for one in fixed], **more}
    return entry(address, ["update"], before, {**before, "fixed_ip": [{"ip_address": to}]})


@pytest.mark.parametrize(
    "address", [f"{ATTACHMENT}.data", f"{ATTACHMENT}.data[0]", f'{ATTACHMENT}.data["v"]']
)
def test_an_attachment_hits_the_machine_that_it_names_whatever_its_own_name(
    plan: Maker, address: str
) -> None:
    changes = plan(detached(address), servers=(SERVER,))
    assert (only(changes).owner, only(changes).known) == ("os-w1", True)
    assert "1 pods run there" in judge(changes, BUSY).refusals[0].what


def test_an_attachment_of_a_machine_that_no_state_knows_is_refused(plan: Maker) -> None:
    changes = plan(detached(f"{ATTACHMENT}.data[0]", "i9"), servers=(SERVER,))
    (refusal,) = judge(changes, BUSY).refusals
    assert "Terraform's state does not say which machine it belongs to" in refusal.what
    assert refusal.opens == f"{ATTACHMENT}.data[0]"
    assert judge(changes, BUSY, allowed=[refusal.opens]).safe
    assert judge(changes, NO_CLUSTER).safe


@pytest.mark.parametrize("before", [{"device_id": "i1"}, {"id": "port-1", "device_id": ""}])
def test_a_port_without_a_key_is_its_machines_too(plan: Maker, before: dict[str, str]) -> None:
    changes = plan(entry(f"{PORT}.node[0]", ["delete"], before, None), servers=(SERVER,))
    assert (only(changes).owner, only(changes).kind) == ("os-w1", Kind.UNPLUG)


def test_a_port_that_no_machine_has_keeps_an_address_for_somebody(plan: Maker) -> None:
    changes = plan(entry(f"{PORT}.virtual[0]", ["delete"], {"name": "gpu-api", "device_id": ""}, None))
    assert (only(changes).owner, only(changes).kind) == ("port/gpu-api", Kind.ENTRANCE)


def test_a_machine_that_gets_another_address_is_harmed(plan: Maker) -> None:
    changes = plan(port(f'{PORT}.node["os-w1"]', "10.0.0.21"), servers=(SERVER,))
    assert (only(changes).owner, only(changes).kind) == ("os-w1", Kind.READDRESS)
    assert only(changes).because == "fixed_ip"
    assert not judge(changes, BUSY).safe


def test_the_shared_address_of_the_api_is_not_changed_unasked(plan: Maker) -> None:
    changes = plan(port("module.endpoint.openstack_networking_port_v2.virtual[0]", "10.0.0.21"))
    assert (only(changes).owner, only(changes).kind) == ("port/gpu-api", Kind.ENTRANCE)


def test_an_address_that_it_had_is_no_other_one(plan: Maker) -> None:
    """A port that was taken over does not say which of its addresses were wished for."""
    one = port(f'{PORT}.node["os-w1"]', to="10.0.0.21", all_fixed_ips=["10.0.0.21"])
    assert harms(plan(one, servers=(SERVER,))) == ()


@pytest.mark.parametrize(
    ("kind", "before", "owner"),
    [
        ("networking_router_interface_v2", {"router_id": "r"}, None),
        ("networking_floatingip_associate_v2", {"floating_ip": "203.0.113.5"}, "203.0.113.5"),
        ("lb_listener_v2", {"name": "gpu-api"}, "listener/gpu-api"),
        ("lb_pool_v2", {"name": "gpu-api"}, "pool/gpu-api"),
    ],
)
def test_what_people_come_through_is_not_taken_away_unasked(
    plan: Maker, kind: str, before: dict[str, str], owner: str | None
) -> None:
    address = f"module.x.openstack_{kind}.this[0]"
    changes = plan(entry(address, ["delete"], before, None))
    (refusal,) = judge(changes, Occupied()).refusals
    assert "would be taken away from those who come through it" in refusal.what
    assert refusal.opens.endswith(owner or address)
    assert judge(changes, Occupied(), allowed=[refusal.opens]).safe


def test_one_name_opens_one_thing(plan: Maker) -> None:
    kinds = ("network", "subnet", "router")
    changes = plan(
        *(
            entry(f"module.network.openstack_networking_{kind}_v2.this[0]", ["delete"], {"name": "gpu"}, None)
            for kind in kinds
        )
    )
    assert [one.opens for one in judge(changes, Occupied(), allowed=["network/gpu"]).refusals] == [
        "subnet/gpu",
        "router/gpu",
    ]
    assert len(judge(changes, Occupied(), allowed=["gpu"]).refusals) == 3


def test_a_disk_that_is_called_as_its_node_is_not_opened_with_it(
    plan: Maker, instance: Maker, volume: Maker
) -> None:
    changes = plan(instance("os-w1", "delete"), volume("os-w1", "delete"))
    assert [one.opens for one in judge(changes, Occupied(), allowed=["os-w1"]).refusals] == ["volume/os-w1"]
