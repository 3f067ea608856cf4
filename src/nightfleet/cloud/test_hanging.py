"""Claims about snapshots that hang on volumes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from nightfleet.cloud.budget import Budget
from nightfleet.cloud.conftest import entry
from nightfleet.cloud.course import Judged, holding
from nightfleet.cloud.guard import judge
from nightfleet.cloud.hanging import Snapshot, hanging
from nightfleet.cloud.occupied import Occupied
from nightfleet.cloud.planfile import Change

ADDRESS = 'module.nodes.openstack_blockstorage_volume_v3.data["os-w1/imagefs"]'
SNAPSHOTS = (
    Snapshot("s1", "os-w1/imagefs@20261129", "v1"),
    Snapshot("s2", "", "v1"),
    Snapshot("s3", "", "v9"),
)


def gone(plan: Callable[..., tuple[Change, ...]], *actions: str) -> tuple[Change, ...]:
    """A plan that does this to a volume with the id v1."""
    volume: dict[str, Any] = {"id": "v1", "name": "os-w1-imagefs", "size": 2}
    return plan(entry(ADDRESS, list(actions), volume, None if actions == ("delete",) else volume))


def test_a_volume_with_snapshots_is_not_deleted_and_they_are_named(
    plan: Callable[..., tuple[Change, ...]],
) -> None:
    (refusal,) = hanging(gone(plan, "delete"), SNAPSHOTS)
    assert refusal.what.startswith("os-w1/imagefs has 2 snapshots")
    assert "os-w1/imagefs@20261129, s2" in refusal.what
    assert "openstack volume snapshot delete s1 s2" in refusal.way
    assert refusal.opens == ""


def test_a_volume_that_stays_keeps_its_snapshots(plan: Callable[..., tuple[Change, ...]]) -> None:
    assert not list(hanging(gone(plan, "update"), SNAPSHOTS))
    assert not list(hanging(gone(plan, "delete"), SNAPSHOTS[2:]))


def test_who_allows_everything_is_refused_all_the_same(
    plan: Callable[..., tuple[Change, ...]], tmp_path: Path
) -> None:
    changes = gone(plan, "delete")
    judged = Judged(
        tmp_path, changes, judge(changes, Occupied()), Budget({}, (), (), 0.0, ""), {}, Occupied()
    )
    held = holding(judged, hanging(changes, SNAPSHOTS))
    assert not held.may_go
    assert len(held.verdict.refusals) == len(judged.verdict.refusals) + 1
