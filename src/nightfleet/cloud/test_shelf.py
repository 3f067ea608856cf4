"""Claims about volume backups and snapshots, on services that answer as openstacksdk's do."""

from datetime import UTC, datetime
from types import SimpleNamespace as Said
from typing import Any

import pytest
from keystoneauth1.exceptions import ConnectFailure
from openstack.exceptions import NotFoundException

from nightfleet.cloud.copies import Copy
from nightfleet.cloud.shelf import Shelf
from nightfleet.errors import NightfleetError

COPY = Copy("b1", "os-s1/storage", datetime(2026, 11, 28, tzinfo=UTC), "available", "v1", 100)


class Cinder:
    """Block storage that remembers what it was asked for."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.fault = fault
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def backups(self, **_query: Any) -> Any:
        """List none, or fail as a lazy list does: when it is looked at."""
        if self.fault:
            raise self.fault
        yield from ()

    def create_volume(self, **asked: Any) -> Said:
        self.asked.append(("volume", asked))
        return Said(id="new")

    def restore_backup(self, copy: str, **asked: Any) -> Said:
        self.asked.append((f"restore {copy}", asked))
        return Said(volume_id=asked.get("volume", "made"))

    def get_volume(self, identity: str) -> Said:
        return Said(id=identity)

    def wait_for_status(self, volume: Said, *_how: Any) -> Said:
        return volume


def shelf(cinder: Cinder, kind: str = "backup") -> Shelf:
    return Shelf(Said(block_storage=cinder), "gpu", kind, "site.yaml:7")


def test_a_backup_is_restored_to_a_new_volume_of_the_clouds_own_type() -> None:
    cinder = Cinder()
    assert shelf(cinder).restore(COPY) == "made"
    assert cinder.asked == [("restore b1", {"name": "os-s1-storage-restored-20261128"})]


def test_a_backup_is_restored_onto_an_empty_volume_of_the_type_that_is_asked_for() -> None:
    cinder = Cinder()
    assert shelf(cinder).restore(COPY, "ssd") == "new"
    made = {"name": "os-s1-storage-restored-20261128", "size": 100, "volume_type": "ssd"}
    assert cinder.asked == [("volume", made), ("restore b1", {"volume": "new"})]


def test_a_snapshot_becomes_a_volume_of_its_own_type_or_of_another() -> None:
    cinder = Cinder()
    shelf(cinder, "snapshot").restore(COPY)
    shelf(cinder, "snapshot").restore(COPY, "ssd")
    named = {"snapshot_id": "b1", "name": "os-s1-storage-restored-20261128", "size": 100}
    assert [asked for _, asked in cinder.asked] == [named, {**named, "volume_type": "ssd"}]


def test_a_cloud_without_backups_is_told_with_the_line_of_the_site() -> None:
    with pytest.raises(NightfleetError, match=r"^site.yaml:7: this cloud makes no volume backups"):
        shelf(Cinder(NotFoundException("no such request")))


def test_a_silent_service_is_not_taken_for_one_without_backups() -> None:
    with pytest.raises(NightfleetError, match="block storage: list backups: refused"):
        shelf(Cinder(ConnectFailure("refused")))
