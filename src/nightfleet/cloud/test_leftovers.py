"""Claims about what counts as left behind among all that a project has."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from openstack.exceptions import SDKException

from nightfleet.cloud.kinds import INSTANCE, KEYPAIR, MEMBER, NETWORK, SHARE
from nightfleet.cloud.leftovers import foreign, of_cluster, there, young
from nightfleet.cloud.orphans import TAG
from nightfleet.errors import NightfleetError

SINCE = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
BEFORE, AFTER = "2026-11-01T11:00:00Z", "2026-11-01T12:01:00.000000"


class Service:
    """A service of a cloud: what it was given under a name, and nothing of all else."""

    def __init__(self, **listed: list[Any]) -> None:
        self.listed = listed

    def __getattr__(self, name: str) -> Any:
        return lambda *_args, **_query: self.listed.get(name, [])


def one(id: str, made: str | None, **facts: Any) -> SimpleNamespace:
    """Something that the cloud has."""
    return SimpleNamespace(id=id, name="os-w1", created_at=made, metadata={TAG: "gpu"}, **facts)


def cloud(
    compute: Service | None = None, network: Service | None = None, balance: Service | None = None
) -> Any:
    """A connection to a cloud with these services."""
    return SimpleNamespace(
        current_project_id="p",
        compute=compute or Service(),
        network=network or Service(),
        block_storage=Service(),
        load_balancer=balance or Service(),
        has_service=lambda name: name == "load-balancer" and balance is not None,
    )


def test_a_machine_that_was_there_before_is_not_what_an_apply_left_behind() -> None:
    servers = Service(servers=[one("old", BEFORE), one("new", AFTER), one("dateless", None)])
    assert [thing.id for thing in there(cloud(servers), SINCE, {INSTANCE})] == ["new"]
    assert [thing.id for thing in of_cluster(cloud(servers), "gpu")] == ["old", "new", "dateless"]


def test_a_tag_makes_nothing_younger() -> None:
    networks = Service(networks=[one("old", BEFORE, tags=[TAG]), one("new", AFTER, tags=[TAG])])
    assert [thing.id for thing in there(cloud(network=networks), SINCE, {NETWORK})] == ["new"]


def test_what_others_have_tagged_is_theirs() -> None:
    assert foreign(SimpleNamespace(tags=["theirs"]))
    assert not foreign(SimpleNamespace(tags=[]))
    assert not foreign(SimpleNamespace())


def test_clocks_that_differ_a_little_hide_nothing() -> None:
    assert young(one("x", "2026-11-01T11:59:00"), SINCE)


def test_a_key_pair_is_asked_for_its_date() -> None:
    dates = {"gpu": AFTER, "old": BEFORE}
    keys = Service(keypairs=[SimpleNamespace(name=name) for name in dates])
    keys.__dict__["get_keypair"] = lambda name: SimpleNamespace(created_at=dates[name])
    assert [thing.id for thing in there(cloud(keys), SINCE, {KEYPAIR})] == ["gpu"]


def test_the_parts_of_a_load_balancer_are_found_by_what_they_belong_to() -> None:
    balance = Service(
        listeners=[one("l1", AFTER, load_balancers=[{"id": "b1"}])],
        pools=[one("p1", AFTER, loadbalancers=[{"id": "b1"}])],
        members=[one("m1", AFTER, address="10.0.0.11", protocol_port=6443)],
    )
    found = {thing.id: dict(thing.facts) for thing in there(cloud(balance=balance), SINCE, {MEMBER})}
    assert found["l1"]["loadbalancer_id"] == "b1"
    assert found["p1"]["loadbalancer_id"] == "b1"
    assert found["p1/m1"] == {"pool_id": "p1", "address": "10.0.0.11", "protocol_port": 6443}


def silent(*_words: Any, **_query: Any) -> Any:
    """What a service says on a bad day."""
    raise SDKException("503: later")


def test_a_service_that_is_not_needed_need_not_answer() -> None:
    compute = Service(server_groups=[])
    compute.__dict__["servers"] = silent
    assert there(cloud(compute), SINCE, {NETWORK, SHARE}) == ()
    with pytest.raises(NightfleetError, match="cannot be looked for: 503: later"):
        there(cloud(compute), SINCE, {INSTANCE})
