"""Claims about which machines go with a lease."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from openstack.compute.v2.server import Server
from openstack.exceptions import SDKException

from nightfleet.cloud.lease import Lease, Status
from nightfleet.cloud.leased import standing, stands
from nightfleet.errors import NightfleetError

NOW = datetime(2026, 11, 28, 20, 0, tzinfo=UTC)
HOSTS = Lease("1", "gpu", Status.ACTIVE, NOW, NOW, "physical:host", "r1")
ROOM = Lease("2", "cpu", Status.ACTIVE, NOW, NOW, "virtual:instance", "r2", "reservation:r2")


def server(name: str, **said: Any) -> Server:
    """A machine as Nova tells of it."""
    return Server.existing(**{"name": name, "metadata": {}, **said})


@pytest.mark.parametrize(
    ("said", "lease", "there"),
    [
        pytest.param({"flavor": {"original_name": "reservation:r2"}}, ROOM, True, id="its-flavor"),
        pytest.param({"flavor": {"original_name": "m1.large"}}, ROOM, False, id="another-flavor"),
        pytest.param({"scheduler_hints": {"reservation": "r1"}}, HOSTS, True, id="its-hint"),
        pytest.param({"scheduler_hints": {"reservation": ["r1"]}}, HOSTS, True, id="its-hint-in-a-list"),
        pytest.param({"scheduler_hints": {"reservation": "r9"}}, HOSTS, False, id="another-hint"),
        pytest.param({"metadata": {"nightfleet": "gpu", "lease": "gpu"}}, HOSTS, True, id="its-metadata"),
        pytest.param({"metadata": {"lease": "gpu"}}, HOSTS, False, id="metadata-of-somebody"),
        pytest.param({}, HOSTS, False, id="nothing"),
    ],
)
def test_a_machine_stands_on_a_lease_by_its_flavor_hint_or_metadata(
    said: dict[str, Any], lease: Lease, there: bool
) -> None:
    assert stands(server("os-w1", **said), lease) is there


def test_what_nobody_can_say_is_an_error_and_not_an_empty_lease() -> None:
    def servers() -> Any:
        raise SDKException("no answer")

    silent = SimpleNamespace(compute=SimpleNamespace(servers=servers))
    with pytest.raises(NightfleetError, match="servers that may stand on the lease: no answer"):
        standing(silent, [HOSTS])
    assert standing(silent, []) == ()
