"""Claims about flavors, on extra specs as clouds write them, about quotas, and about what services answer."""

from types import SimpleNamespace as Said
from typing import Any

import pytest
from keystoneauth1.exceptions import ConnectFailure, Forbidden
from openstack.exceptions import SDKException

from nightfleet.cloud.project import cloud_errors, gpus_of, room
from nightfleet.errors import NightfleetError


def test_gpus_are_counted_by_passthrough_alias_or_virtual_gpu() -> None:
    assert gpus_of({"pci_passthrough:alias": "a100:2"}) == 2
    assert gpus_of({"pci_passthrough:alias": "a100:2,nic:1"}) == 3
    assert gpus_of({"resources:VGPU": "1"}) == 1
    assert gpus_of({"hw:cpu_policy": "dedicated"}) == 0


@pytest.mark.parametrize(
    ("raised", "hint"),
    [
        (ConnectFailure("unable to establish connection\nto it"), "nightfleet cloud doctor"),
        (SDKException("resource failed"), "nightfleet cloud doctor"),
        (Forbidden("policy does not allow it"), "the credentials may not do this"),
    ],
    ids=["silent", "failed", "forbidden"],
)
def test_what_the_libraries_raise_names_service_question_and_the_way_out(
    raised: Exception, hint: str
) -> None:
    with pytest.raises(NightfleetError) as caught, cloud_errors("compute", "list servers"):
        raise raised
    assert caught.value.where == "compute"
    assert caught.value.what.startswith(f"list servers: {str(raised).splitlines()[0]}")
    assert hint in caught.value.hint


def test_a_status_is_told_once() -> None:
    with pytest.raises(NightfleetError) as caught, cloud_errors("compute", "list servers"):
        raise Forbidden("no")
    assert caught.value.what == "list servers: no (HTTP 403)"


def connection(**octavia: int) -> Any:
    """A cloud of which only the load balancers answer: two of them, with a pool of three members."""
    service = Said(
        get_quota=lambda _project: Said(**octavia),
        load_balancers=lambda: iter([1, 2]),
        listeners=lambda: iter([1]),
        pools=lambda: iter([Said(members=[{}, {}, {}])]),
        health_monitors=lambda: iter([1]),
    )
    return Said(
        has_service=lambda name: name == "load-balancer", load_balancer=service, current_project_id="p"
    )


def test_load_balancers_are_counted_where_there_is_a_limit() -> None:
    seen = room(connection(load_balancers=3, listeners=-1, pools=0, members=5, health_monitors=-1))
    assert seen.limit == {"load_balancers": 3, "pools": 0, "members": 5}
    assert (seen.used["load_balancers"], seen.used["members"]) == (2, 3)
    assert seen.unlimited == {"listeners", "health_monitors"}
    assert any(why.startswith("quota of compute: ") for why in seen.unknown)
