"""Lab tier: a folder of a real host becomes a bag, whatever happens, and is copied to a real S3 service."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bagit
import pytest

from nightfleet.lab.plan import spec_from_site
from nightfleet.lab.up import up
from tests.lab.cluster import Cluster
from tests.lab.conftest import laid_out
from tests.lab.life.bucket_server import BUCKET, Server, serving

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="hosts are booted by root only")
HOST, TEAM = "nft-d1", "/srv/team"
PLACE, NAME = f"{HOST}:{TEAM}", f"{HOST}-srv-team"
PARTS = 12
FILES = PARTS + 6
FILL = f"""
mkdir -p '{TEAM}/alice/deep/er' {TEAM}/bob/empty && cd {TEAM}
for n in $(seq {PARTS}); do head -c 65536 /dev/urandom >alice/part-$n; done
echo one >'alice/deep/er/with a space'; printf two >"alice/line
end"; echo drei >'bob/grün %25'; ln -s ../alice/part-1 bob/link; ln alice/part-1 bob/same; mkfifo bob/pipe
head -c 1048576 /dev/urandom >bob/large; chmod 640 bob/large; chown 1234:1234 bob/large; : >loose
"""


@dataclass(frozen=True, slots=True)
class Archive:
    """A host with a folder, the operator's shelf, and a bucket."""

    cluster: Cluster
    bucket: Server

    @property
    def bag(self) -> Path:
        return self.cluster.operator_files / "data" / NAME

    @property
    def object(self) -> Path:
        """The bag where it lies in the bucket: this service keeps objects as files."""
        return self.bucket.folder / BUCKET / "nft-data" / "data" / NAME

    def data(self, *words: str, ends_with: int = 0) -> Any:
        return self.cluster.nightfleet("data", *words, ends_with=ends_with)

    def refused(self, *words: str) -> str:
        """Run what is refused, and return why."""
        done = self.cluster.ended(self.cluster.argv("data", *words))
        assert done.returncode == 3, done.stdout + done.stderr
        return done.stderr


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    """Return a host with a folder of two tenants, and an empty bucket."""
    operator = tmp_path_factory.mktemp("operator")
    with laid_out("data", tmp_path_factory.mktemp("state")) as there:
        cluster = there.edited(operator)
        assert not up(spec_from_site(cluster.site)).failed
        assert cluster.site.lab is not None
        with serving(str(cluster.site.lab.gateway), operator) as bucket:
            cluster.ask(HOST, FILL)
            yield Archive(cluster, bucket)


@pytest.fixture(scope="module")
def bagged(archive: Archive) -> Archive:
    """Return the same with a bag, made by a run that was killed and one that went on."""
    archive.cluster.ask(HOST, f"truncate -s 5G {TEAM}/zz-long")  # sent last, and for minutes
    running = archive.cluster.start("data", "bag", PLACE)
    journal = archive.bag.with_name(f".{NAME}.journal")
    running.wait_until(
        lambda: journal.exists() and len(journal.read_text().splitlines()) >= FILES, "what comes first"
    )
    running.kill()
    archive.cluster.ask(HOST, f"rm {TEAM}/zz-long")
    assert not archive.bag.exists()
    before = archive.data("bag", PLACE, "--dry-run")
    assert before["files"] == FILES
    assert before["to_fetch"] == 0
    made = archive.data("bag", PLACE)
    assert made["info"]["Nightfleet-Path"] == TEAM
    return archive


def sums(cluster: Cluster) -> dict[str, str]:
    """Return the sums of all files, as the host computes them."""
    said = cluster.ask(HOST, f"cd {TEAM} && find . -type f -exec sha256sum --zero {{}} + | tr '\\0' '\\1'")
    pairs = (one.split("  ./", 1) for one in said.split("\1") if one)
    return {path: total for total, path in pairs}


def test_before_anything_is_fetched_one_sees_how_much_it_is(archive: Archive) -> None:
    found = archive.data("bag", PLACE, "--dry-run")
    assert found["files"] == FILES
    assert found["bytes"] == found["to_fetch"] == (PARTS + 1) * 65536 + 1048576 + 4 + 3 + 5
    assert found["not_in_a_bag"] == ["bob/pipe"]
    assert not archive.bag.parent.exists()


def test_a_bag_that_was_begun_twice_is_whole_and_says_what_the_host_says(bagged: Archive) -> None:
    bag = bagit.Bag(str(bagged.bag))
    bag.validate(processes=1)
    found = {path.removeprefix("data/"): entry["sha256"] for path, entry in bag.payload_entries().items()}
    assert found == sums(bagged.cluster)
    assert not list(bagged.bag.parent.glob(".*"))


def test_what_a_bag_has_no_place_for_is_told_beside_it(bagged: Archive) -> None:
    lines = map(json.loads, (bagged.bag / "nightfleet-tree.jsonl").read_text().splitlines())
    entries = {entry["path"]: entry for entry in lines}
    assert entries["bob/link"]["target"] == "../alice/part-1"
    assert entries["bob/empty"]["kind"] == "d"
    assert entries["bob/pipe"]["kind"] == "p"
    assert (entries["bob/large"]["mode"], entries["bob/large"]["uid"]) == ("640", 1234)


def test_a_bag_is_never_overwritten(bagged: Archive) -> None:
    assert "there is such a bag already" in bagged.refused("bag", PLACE)


def test_a_folder_that_does_not_stand_still_becomes_no_bag(bagged: Archive) -> None:
    bagged.cluster.ask(
        HOST, "mkdir -p /srv/busy; systemd-run -q --unit busy sh -c 'while :; do date >>/srv/busy/log; done'"
    )
    try:
        assert "its files change" in bagged.refused("bag", f"{HOST}:/srv/busy")
    finally:
        bagged.cluster.ask(HOST, "systemctl stop busy")
    assert bagged.data("bag", f"{HOST}:/srv/busy")["files"] == 1


def test_a_damaged_bag_is_named_and_copied_nowhere(bagged: Archive) -> None:
    assert [one["whole"] for one in bagged.data("verify", NAME)] == [True]
    large = bagged.bag / "data" / "bob" / "large"
    whole = large.read_bytes()
    large.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    try:
        (found,) = bagged.data("verify", NAME, ends_with=1)
        assert "bob/large" in found["faults"][0]
        assert "damaged" in bagged.refused("copy", NAME)
        assert bagged.bucket.objects() == set()
    finally:
        large.write_bytes(whole)


def test_a_copy_is_read_where_it_lies_and_never_sent_twice(bagged: Archive) -> None:
    sent = bagged.data("copy", NAME)
    assert (sent["objects"], sent["kept"]) == (FILES + 5, 0)
    assert sent["verified"]["faults"] == []
    assert {path.name for path in bagged.object.glob("*.txt")} >= {"bagit.txt", "manifest-sha256.txt"}
    again = bagged.data("copy", NAME)
    assert (again["objects"], again["kept"]) == (0, FILES + 5)
    (bagged.object / "data" / "loose").unlink()
    assert bagged.data("copy", NAME)["objects"] == 1
    assert [one["whole"] for one in bagged.data("verify", "--in-bucket")] == [True]


def test_damage_in_the_bucket_is_named(bagged: Archive) -> None:
    bagged.data("copy", NAME)
    large = bagged.object / "data" / "bob" / "large"
    with large.open("r+b") as file:
        file.write(b"other")
    (bagged.object / "data" / "alice" / "part-7").unlink()
    (found,) = bagged.data("verify", NAME, "--in-bucket", ends_with=1)
    assert sorted(found["faults"]) == ["data/alice/part-7: missing", "data/bob/large: another sum"]
    (bagged.object / "bagit.txt").unlink()
    assert "has arrived whole" in bagged.refused("verify", NAME, "--in-bucket")


def test_each_tenant_is_told_by_files_and_bytes(archive: Archive) -> None:
    (found,) = archive.data("usage", PLACE)
    folders = {one["name"]: one for one in found["folders"]}
    assert set(folders) == {"alice", "bob", "(files beside them)"}
    # alice: her folder, two below it, the parts, two files; bob: a part under a name of his own
    assert (folders["alice"]["inodes"], folders["alice"]["size"]) == (PARTS + 5, PARTS * 65536 + 4 + 3)
    assert (folders["bob"]["inodes"], folders["bob"]["size"]) == (
        7,
        1048576 + 65536 + 5 + len("../alice/part-1"),
    )
    assert folders["bob"]["allocated"] >= 1048576 + 65536
    assert 0 < found["free"] < found["total"]
    (lost,) = archive.data("usage", f"{HOST}:/srv/nowhere", ends_with=1)
    assert "nowhere" in lost["silent"]
