"""Copies of volumes on a real Cinder: made, kept, expired, restored."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from cloud.box import Box
from cloud.project import Project
from cloud.stack import Stack


@pytest.fixture(scope="module")
def site(box: Box, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A site whose machines Heat made, with one disk."""
    place: Path = tmp_path_factory.mktemp("copies")
    stack = Stack(box, workers={"small-w1": "192.168.61.21"})
    try:
        stack.do("CREATE")
        stack.hand_over(place)
        yield Project(place, box)
    finally:
        for copy in list(box.member.block_storage.snapshots()):
            box.member.block_storage.delete_snapshot(copy)
            box.member.block_storage.wait_for_delete(copy, wait=60, interval=1)
        stack.delete()


def listed(site: Project) -> list[str]:
    return [row["name"] for row in json.loads(site.run("backup", "list", "--json").stdout)]


def test_copies_are_made_when_they_are_due_and_the_oldest_go(site: Project) -> None:
    site.run("backup", "run")
    (first,) = listed(site)
    assert first.startswith("small-w1/imagefs@")
    assert "nothing to do" in site.run("backup", "run").stdout
    site.run("backup", "now")
    site.run("backup", "now")
    assert len(listed(site)) == 2
    assert first not in listed(site)


def test_a_copy_becomes_a_volume_beside_the_one_that_is_there(site: Project, box: Box) -> None:
    restored = json.loads(site.run("backup", "restore", "small-w1/imagefs", "--json").stdout)
    volume = box.member.block_storage.get_volume(restored["volume"])
    assert (volume.status, volume.size) == ("available", 1)
    assert len(list(box.member.block_storage.volumes())) == 2
    box.member.block_storage.delete_volume(volume.id)
