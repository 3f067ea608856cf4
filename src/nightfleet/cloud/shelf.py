"""Volume backups and snapshots on the cloud, by openstacksdk: list, make, delete, restore."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from nightfleet.cloud.copies import Copy, Volume, name_of, read_copy
from nightfleet.cloud.project import first_line
from nightfleet.errors import NightfleetError

WAIT = 3600  # seconds for a copy to be finished


class Shelf:
    """The copies of one site. `kind` is `backup` or `snapshot`."""

    def __init__(self, connection: Any, site: str, kind: str) -> None:
        self._volumes: Any = connection.block_storage
        self.site = site
        self.kind = kind
        if kind == "backup" and not self._has_backups():
            raise NightfleetError(
                "this cloud makes no volume backups: no service `cinder-backup` answers",
                "cloud.backups.kind",
                "write `kind: snapshot`, and know that a snapshot lies in the same store as its volume",
            )

    def _has_backups(self) -> bool:
        """Ask whether backups can be listed; whether they can be made shows when one is made."""
        try:
            next(iter(self._volumes.backups(limit=1)), None)
        except Exception:
            return False
        return True

    def all(self) -> tuple[Copy, ...]:
        """Return every copy of this site."""
        listing = self._volumes.backups if self.kind == "backup" else self._volumes.snapshots
        found = self._do("list", lambda: list(listing(details=True)))
        read = (read_copy(self.site, one.id, one.name, one.status, one.volume_id, one.size) for one in found)
        return tuple(copy for copy in read if copy)

    def make(self, volume: Volume) -> Copy:
        """Copy a volume that may be in use, and wait until the copy is good."""
        name = name_of(self.site, volume.key, datetime.now(UTC))
        asked = {"volume_id": volume.id, "name": name, "force": True}
        create = self._volumes.create_backup if self.kind == "backup" else self._volumes.create_snapshot
        made = self._do(f"copy {volume.key}", lambda: create(**asked))
        ended = self._do(
            f"copy {volume.key}", lambda: self._volumes.wait_for_status(made, "available", ["error"], 1, WAIT)
        )
        copy = read_copy(self.site, ended.id, name, ended.status, volume.id, ended.size)
        if copy is None or not copy.good:
            raise NightfleetError(f"the copy is {ended.status}", volume.key, "nightfleet cloud doctor")
        return copy

    def drop(self, copy: Copy) -> None:
        """Delete a copy and wait until it is gone; one that is gone already is fine."""
        delete = self._volumes.delete_backup if self.kind == "backup" else self._volumes.delete_snapshot
        find = self._volumes.find_backup if self.kind == "backup" else self._volumes.find_snapshot
        self._do(f"delete {copy.name}", lambda: delete(copy.id, ignore_missing=True))
        left = self._do("look", lambda: find(copy.id, ignore_missing=True))
        if left is not None:
            self._do(f"delete {copy.name}", lambda: self._volumes.wait_for_delete(left, 1, WAIT))

    def restore(self, copy: Copy, volume_type: str | None = None) -> str:
        """Make a new volume of a copy and return its id. What is there is never written over."""
        name = f"{copy.key.replace('/', '-')}-restored-{copy.at:%Y%m%d}"
        if self.kind == "backup":
            said = self._do("restore", lambda: self._volumes.restore_backup(copy.id, name=name))
            volume = self._do("restore", lambda: self._volumes.get_volume(said.volume_id))
        else:
            asked = {"snapshot_id": copy.id, "size": copy.size, "name": name, "volume_type": volume_type}
            given = {key: value for key, value in asked.items() if value is not None}
            volume = self._do("restore", lambda: self._volumes.create_volume(**given))
        ended = self._do(
            "restore", lambda: self._volumes.wait_for_status(volume, "available", ["error"], 1, WAIT)
        )
        return str(ended.id)

    @staticmethod
    def _do(what: str, call: Callable[[], Any]) -> Any:
        from openstack.exceptions import SDKException

        try:
            return call()
        except SDKException as error:
            raise NightfleetError(
                f"{what}: {first_line(error)}", "block storage", "nightfleet cloud doctor"
            ) from error
