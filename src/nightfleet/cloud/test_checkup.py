"""Claims about the cloud's doctor."""

from datetime import UTC, datetime, timedelta

import pytest

from nightfleet.cloud.budget import Flavor, Room
from nightfleet.cloud.checkup import GONE, MISSING, Seen, judge
from nightfleet.finding import Finding, Status
from nightfleet.site.cloud import Cloud, Leases, Reservation

NOW = datetime(2026, 11, 28, 20, 0, tzinfo=UTC)
CLOUD = Cloud(directory="terraform")
ALL = frozenset({"compute", "network", "image", "block-storage", "load-balancer"})
WELL = Seen(
    tool="1.11.4",
    auth_type="v3applicationcredential",
    services=ALL,
    microversions={"compute": (2, 96), "block-storage": (3, 71)},
    room=Room({"cores": 4}, {"cores": 20}, {"g1": Flavor("g1", 8, 65536, 1)}),
    servers={"os-w1": "ACTIVE"},
)


def bad(seen: Seen, cloud: Cloud = CLOUD) -> list[Finding]:
    return [check for check in judge(cloud, seen, NOW) if check.status is not Status.OK]


def seen(**changes: object) -> Seen:
    """The cloud that is well, but for these."""
    values = {name: getattr(WELL, name) for name in Seen.__dataclass_fields__}
    return Seen(**{**values, **changes})


def test_a_cloud_that_is_well_has_no_complaints() -> None:
    assert bad(WELL) == []


@pytest.mark.parametrize(
    ("changes", "name", "status"),
    [
        ({"tool": None}, "terraform", Status.FAIL),
        ({"tool": "1.5.7"}, "terraform", Status.FAIL),
        ({"auth_type": "password"}, "credentials", Status.WARN),
        ({"expires": NOW + timedelta(minutes=5)}, "token", Status.WARN),
        ({"services": ALL - {"network"}}, "network", Status.FAIL),
        ({"silent": {"image": "timed out"}}, "image", Status.FAIL),
        ({"silent": {"load-balancer": "timed out"}}, "load-balancer", Status.WARN),
        ({"microversions": {"compute": (2, 40), "block-storage": (3, 71)}}, "compute API", Status.FAIL),
        ({"microversions": {"compute": (2, 96)}}, "block-storage API", Status.UNKNOWN),
        ({"room": Room({"cores": 19}, {"cores": 20}, WELL.room.flavors)}, "quota", Status.WARN),
        ({"room": Room({"cores": 4}, {"cores": 20})}, "flavors with GPUs", Status.UNKNOWN),
        ({"buses": {"debian": "ide"}}, "image debian", Status.WARN),
        ({"servers": {"os-w1": "ERROR"}}, "os-w1", Status.FAIL),
        ({"closed": {"os-w1": "timed out"}}, "os-w1", Status.WARN),
        ({"buses": {"debian": MISSING}}, "image debian", Status.FAIL),
        ({"servers": {"os-w1": "ACTIVE", "os-w2": GONE}}, "os-w2", Status.FAIL),
        ({"servers": {"os-w1": GONE, "os-w2": GONE}}, "machines", Status.WARN),
        ({"overdue": ("os-s1/storage",)}, "copy of os-s1/storage", Status.WARN),
        ({"unseen": {"machines": "compute does not answer"}}, "machines", Status.UNKNOWN),
        ({"leftovers": ("volume 'x' (1)",)}, "left over", Status.WARN),
    ],
)
def test_one_thing_that_is_not_well_is_one_complaint(
    changes: dict[str, object], name: str, status: Status
) -> None:
    (check,) = bad(seen(**changes))
    assert (check.check, check.status) == (name, status)


def test_with_a_machine_gone_the_others_are_not_called_all() -> None:
    findings = judge(CLOUD, seen(servers={"os-w1": "ACTIVE", "os-w2": GONE}), NOW)
    assert not [finding for finding in findings if finding.check == "machines"]


def test_a_site_that_reserves_needs_a_cloud_that_does() -> None:
    cloud = Cloud(directory="terraform", leases=Leases(reserve={"gpu": Reservation()}))
    (check,) = bad(WELL, cloud)
    assert (check.check, check.status) == ("reservation", Status.FAIL)
