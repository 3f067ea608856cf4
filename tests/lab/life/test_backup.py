"""Lab tier: backups by a timer, copied to a node and a bucket, and unreadable without the key."""

import os
from pathlib import Path
from typing import Any

import bagit
import pytest

from tests.lab.life.bucket_server import BUCKET
from tests.lab.life.objects import Objects
from tests.lab.life.vault import COPIES, FOLDER, KEEP, Vault, fetched

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="hosts are booted by root only")
SCRIPT = "/usr/local/lib/nightfleet/backup"
SERVICE = "systemctl start nightfleet-backup.service"


def test_the_timer_is_enabled_and_its_service_makes_a_backup_that_is_copied(vault: Vault) -> None:
    plane = vault.planes[1]
    before = vault.names(plane)
    assert vault.cluster.ask(plane, "systemctl is-enabled nightfleet-backup.timer").strip() == "enabled"
    vault.cluster.ask(plane, SERVICE)
    (made,) = set(vault.names(plane)) - set(before)
    assert made in vault.names(vault.keeper, f"{COPIES}/{plane}")
    listed = vault.cluster.nightfleet("backup", "list")["backups"]
    (one,) = [backup for backup in listed if backup["name"] == made]
    assert {copy["at"] for copy in one["copies"]} == {plane, vault.keeper, f"s3:{BUCKET}"}
    assert one["revision"] > 0 and one["keys"] > 100


def test_of_many_the_newest_that_are_whole_stay(vault: Vault) -> None:
    plane = vault.planes[2]
    for _ in range(KEEP):
        vault.cluster.ask(plane, SERVICE)
    oldest, *_, newest = vault.names(plane)
    assert len(vault.names(plane)) == KEEP
    vault.cluster.ask(plane, f"printf x >>{FOLDER}/{newest}/data/etcd.db.age")
    vault.cluster.ask(plane, SERVICE)
    assert oldest in vault.names(plane), "a damaged backup has pushed out a good one"
    assert vault.cluster.nightfleet("backup", "verify", ends_with=1)
    listed = {one["name"]: one["copies"] for one in vault.cluster.nightfleet("backup", "list")["backups"]}
    good = {copy["at"]: copy["good"] for copy in listed[newest]}
    assert good == {plane: False, vault.keeper: True, f"s3:{BUCKET}": True}
    vault.cluster.ask(plane, f"rm -r {FOLDER}/{newest}")


def test_what_the_bucket_missed_it_gets_with_the_next_and_all_is_readable_from_there(
    vault: Vault, tmp_path: Path
) -> None:
    plane = vault.planes[1]
    vault.bucket.stop()
    assert "is here, but was not copied to" in vault.cluster.ask(plane, f"{SCRIPT} 2>&1; true")
    (missed, *_) = sorted(vault.names(plane), reverse=True)
    vault.bucket.start()
    assert f"{vault.cluster.site.site}/{plane}/{missed}.txt" not in vault.bucket.objects()
    vault.cluster.ask(plane, SERVICE)
    assert f"{vault.cluster.site.site}/{plane}/{missed}.txt" in vault.bucket.objects()
    for node, folder in ((plane, FOLDER), (vault.keeper, f"{COPIES}/{plane}")):
        vault.cluster.ask(node, f"rm -r {folder}/{missed}")
    said = vault.cluster.nightfleet("backup", "fetch", missed, "--to", str(tmp_path))
    bagit.Bag(said["folder"]).validate()


def test_nothing_in_a_backup_can_be_read_without_the_key(
    vault: Vault, snapshot: tuple[Any, Objects], tmp_path: Path
) -> None:
    folder = fetched(vault, snapshot, tmp_path)
    text = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert b"hush" not in text and b"PRIVATE KEY" not in text
    assert (folder / "data" / "ledger.jsonl").read_text().count("backup")
    vault.cluster.run(vault.cluster.argv("backup", "verify", snapshot[0]["name"], "--key", str(vault.key)))
