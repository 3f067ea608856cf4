"""Volume backups and snapshots on the cloud, by openstacksdk: list, make, delete, restore."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from nightfleet.cloud.copies import Copy, Volume, name_of, read_copy, wanted_volumes
from nightfleet.cloud.hanging import Snapshot
from nightfleet.cloud.project import cloud_errors, section
from nightfleet.errors import Exit, NightfleetError
from nightfleet.site import Site

SERVICE = "block storage"
WAIT = 3600  # seconds for a copy to be finished
FAILED = ["error", "error_restoring"]


class Shelf:
    """The copies of one site. `kind` is `backup` or `snapshot`; `where` is the line that says so."""

    def __init__(self, connection: Any, site: str, kind: str, where: str = "cloud.backups.kind") -> None:
        self._volumes: Any = connection.block_storage
        self.site = site
        self.kind = kind
        if kind == "backup" and not self._has_backups():
            raise NightfleetError(
                "this cloud makes no volume backups: it knows no request for them",
                where,
                "write `kind: snapshot`, and know that a snapshot lies in the same store as its volume",
                Exit.USAGE,
            )

    @classmethod
    def of(cls, site: Site, connection: Any) -> "Shelf":
        """Return where the copies of a site lie."""
        line = site.line(("cloud", "backups", "kind"))
        return cls(connection, site.site, section(site).backups.kind, f"{site.path}:{line}")

    def _has_backups(self) -> bool:
        """Ask whether backups can be listed; whether they can be made shows when one is made."""
        from openstack.exceptions import NotFoundException

        with cloud_errors(SERVICE, "list backups"):
            try:
                next(iter(self._volumes.backups(limit=1)), None)
            except NotFoundException:
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
            f"copy {volume.key}", lambda: self._volumes.wait_for_status(made, "available", FAILED, 1, WAIT)
        )
        copy = read_copy(self.site, ended.id, name, ended.status, volume.id, ended.size)
        if copy is None or not copy.good:
            raise NightfleetError(f"the copy is {ended.status}", volume.key, "the next run deletes it")
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
        """Make a new volume of a copy and return its id. What is there is never written over.

        Without a type, it has that of the volume whose snapshot it is; of a backup, the cloud's default.
        """
        asked: dict[str, Any] = {"name": restored_name(copy), "size": copy.size, "volume_type": volume_type}
        if self.kind == "snapshot":
            return self._ready(lambda: self._volumes.create_volume(**_given(asked, snapshot_id=copy.id)))
        if volume_type is None:
            return self._ready(lambda: self._restored(copy, name=restored_name(copy)))
        empty = self._ready(lambda: self._volumes.create_volume(**asked))
        return self._ready(lambda: self._restored(copy, volume=empty))

    def _restored(self, copy: Copy, **onto: str) -> Any:
        """Cinder asks no type when it makes the volume itself, so one of a type is there before."""
        said = self._volumes.restore_backup(copy.id, **onto)
        return self._volumes.get_volume(said.volume_id)

    def _ready(self, make: Callable[[], Any]) -> str:
        volume = self._do("restore", make)
        ended = self._do(
            f"restore to volume {volume.id}",
            lambda: self._volumes.wait_for_status(volume, "available", FAILED, 1, WAIT),
        )
        return str(ended.id)

    @staticmethod
    def _do(what: str, call: Callable[[], Any]) -> Any:
        with cloud_errors(SERVICE, what):
            return call()


def restored_name(copy: Copy) -> str:
    """Return the name of a volume that is made of a copy."""
    return f"{copy.key.replace('/', '-')}-restored-{copy.at:%Y%m%d}"


def _given(asked: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {key: value for key, value in {**asked, **more}.items() if value is not None}


def volumes_of(site: Site) -> tuple[Volume, ...]:
    """Return the volumes that the site wants copied; none when Terraform did not make its machines."""
    nodes = site.handover.nodes if site.handover else {}
    disks = {
        name: {use: Volume(f"{name}/{use}", disk.id, disk.size) for use, disk in node.volumes.items()}
        for name, node in nodes.items()
    }
    return wanted_volumes(disks, section(site).backups.uses)


def snapshots(connection: Any) -> tuple[Snapshot, ...]:
    """Return every snapshot of the project, ours or not."""
    with cloud_errors(SERVICE, "list snapshots"):
        return tuple(
            Snapshot(one.id, one.name or "", one.volume_id) for one in connection.block_storage.snapshots()
        )
