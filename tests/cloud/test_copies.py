"""Copies of volumes on a real Cinder: made, kept, expired, restored."""

import json

from cloud.box import Box
from cloud.project import Project


def listed(small: Project) -> list[str]:
    return [row["name"] for row in json.loads(small.run("backup", "list", "--json").stdout)]


def test_copies_are_made_when_they_are_due_and_the_oldest_go(small: Project) -> None:
    small.run("apply")
    small.run("backup", "run")
    (first,) = listed(small)
    assert first.startswith("small-w1/imagefs@")
    assert "nothing to do" in small.run("backup", "run").stdout
    small.run("backup", "now")
    small.run("backup", "now")
    assert len(listed(small)) == 2
    assert first not in listed(small)


def test_a_copy_becomes_a_volume_beside_the_one_that_is_there(small: Project, box: Box) -> None:
    restored = json.loads(small.run("backup", "restore", "small-w1/imagefs", "--json").stdout)
    volume = box.member.block_storage.get_volume(restored["volume"])
    assert (volume.status, volume.size) == ("available", 1)
    assert len(list(box.member.block_storage.volumes())) == 2
    box.member.block_storage.delete_volume(volume.id)
    for copy in list(box.member.block_storage.snapshots()):
        box.member.block_storage.delete_snapshot(copy)
        box.member.block_storage.wait_for_delete(copy, wait=60, interval=1)
