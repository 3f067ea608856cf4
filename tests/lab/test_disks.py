"""The scripts that lay out a disk, on a real block device: a file behind a loop device of this machine.

No host is booted. What a kernel of its own is needed for (real disks, quotas, a power cut) is in tests/vm.
"""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from nightfleet.disks import look
from nightfleet.disks.found import GIB, Found
from nightfleet.disks.plan import DiskPlan, plan
from nightfleet.disks.steps import Erase, script
from nightfleet.disks.volume import Wish
from nightfleet.site.disks import Layout

LAYOUT = Layout.model_validate(
    {
        "use": {"it": {"at_least": "1GiB"}},
        "fscache": {"on": "it", "size": "1GiB"},
        "swap": {"on": "it", "size": "1GiB"},
        "scratch": {"on": "it", "size": "rest", "filesystem": "ext4"},
    }
)
SIZE = 4 * GIB


class Disk:
    """A file that stands for a disk, and what the planner says of it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("wb") as file:
            file.truncate(SIZE)
        self.device = run("losetup", "--find", "--show", str(path))

    def free(self) -> None:
        run("partx", "--delete", self.device, check=False)
        run("losetup", "--detach", self.device)
        self.path.unlink()

    def found(self) -> Found:
        """Look at it as at a machine that has this one disk."""
        run(
            "partx", "--update", self.device, check=False
        )  # a loop device's partitions are not read by the kernel
        found = look.read(run("sh", "-c", look.question(LAYOUT)).splitlines())
        mine = {
            n: d
            for n, d in found.devices.items()
            if n.startswith(self.device) and n[len(self.device) :][:1] in "p"
        }
        mine[self.device] = replace(found.devices[self.device], kind="disk")
        return replace(found, devices=mine, filled={}, container="")

    def sum(self) -> str:
        """Return the sum of what is allocated of the file: of what was ever written."""
        run("sync")
        return run("sh", "-c", f"dd if={self.path} bs=1M count=64 status=none | sha256sum") + str(
            self.path.stat().st_blocks
        )

    def planned(self) -> DiskPlan:
        return plan(self.found(), Wish("s", "n", LAYOUT))

    def carry_out(self, planned: DiskPlan, seconds: float = 60) -> int:
        """Run the script; it is killed with all its children when the time is over."""
        words = ["sh", "-c", script(planned.steps)]
        with subprocess.Popen(
            words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
        ) as child:
            try:
                _, told = child.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                _, told = child.communicate()
        run("sync")
        assert child.returncode in (0, 3, -signal.SIGKILL), told
        return child.returncode


def run(*words: str, check: bool = True) -> str:
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    assert not check or done.returncode == 0, f"{words}: {done.stderr}"
    return done.stdout.strip()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """Return a disk of 5 GiB that was never used."""
    there = Disk(tmp_path / "disk.raw")
    try:
        yield there
    finally:
        there.free()


def test_a_new_disk_becomes_what_the_layout_says(disk: Disk) -> None:
    assert disk.carry_out(disk.planned()) == 0
    after = disk.planned()
    assert (after.refusals, after.steps) == ((), ())
    parts = disk.found().partitions(disk.found().devices[disk.device])
    assert [(part.label, part.filesystem, part.size // GIB) for part in parts] == [
        ("nightfleet-fscache", "xfs", 1),
        ("nightfleet-swap", "swap", 1),
        ("nightfleet-scratch", "ext4", 1),
    ]


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param("mkfs.ext4 -q {0}", id="a-filesystem"),
        pytest.param("echo ',1GiB' | sfdisk -q {0}", id="a-partition"),
        pytest.param("printf secret | dd of={0} bs=1 seek=300000 conv=notrunc", id="bytes-at-its-beginning"),
        pytest.param("printf secret | dd of={0} bs=1 seek={1} conv=notrunc", id="bytes-in-its-middle"),
        pytest.param("printf '\\353X\\220-FVE-FS-' | dd of={0} conv=notrunc", id="windows-with-bitlocker"),
    ],
)
def test_a_disk_with_anything_on_it_is_refused_and_stays_as_it_is(disk: Disk, spoil: str) -> None:
    blank = disk.planned()
    run("sh", "-c", spoil.format(disk.device, SIZE // 2))
    assert disk.planned().refusals
    before = disk.sum()
    assert disk.carry_out(blank) == 3  # a plan that was made before somebody used the disk
    assert disk.sum() == before


@pytest.mark.parametrize("steps", range(8))
@pytest.mark.parametrize("seconds", [0.02, 0.06, 0.12, 0.2])
def test_killed_at_any_moment_the_next_run_completes(disk: Disk, steps: int, seconds: float) -> None:
    whole = disk.planned()
    if steps:
        assert disk.carry_out(replace(whole, steps=whole.steps[: steps - 1])) == 0
    disk.carry_out(disk.planned(), seconds)
    end = time.monotonic() + 30
    while (following := disk.planned()).steps:
        assert time.monotonic() < end
        assert following.refusals == ()
        assert disk.carry_out(following) == 0
    assert following.refusals == ()


WRITTEN_FIRST = [  # (where, bytes): what of a table is written after which cut; sfdisk begins at the end
    pytest.param([(0, 24576)], id="only-the-copy-at-the-end"),
    pytest.param([(0, 24576), (SIZE - 512, 512)], id="a-copy-without-its-head"),
    pytest.param([(0, 1024)], id="all-but-both-heads"),
    pytest.param([(0, 512)], id="all-but-the-first-sector"),
]


@pytest.mark.parametrize("lacking", WRITTEN_FIRST)
def test_a_table_that_was_cut_off_is_written_again(disk: Disk, lacking: list[tuple[int, int]]) -> None:
    blank = disk.planned()
    assert disk.carry_out(replace(blank, steps=blank.steps[:1])) == 0
    cut_off(disk, lacking)
    assert disk.planned().steps == blank.steps
    assert disk.carry_out(disk.planned()) == 0
    assert (disk.planned().refusals, disk.planned().steps) == ((), ())


@pytest.mark.parametrize("lacking", WRITTEN_FIRST)
def test_what_lacks_its_table_is_refused_when_a_partition_was_given_out(
    disk: Disk, lacking: list[tuple[int, int]]
) -> None:
    assert disk.carry_out(disk.planned()) == 0
    cut_off(disk, lacking)
    assert "not empty: " in disk.planned().refusals[0]


def test_what_lacks_its_table_is_refused_when_there_are_other_bytes(disk: Disk) -> None:
    blank = disk.planned()
    assert disk.carry_out(replace(blank, steps=blank.steps[:1])) == 0
    cut_off(disk, [(0, 512)])
    run("sh", "-c", f"printf secret | dd of={disk.device} bs=1 seek=30000 conv=notrunc")
    assert "not empty: " in disk.planned().refusals[0]


def cut_off(disk: Disk, lacking: list[tuple[int, int]]) -> None:
    """Leave of a table what a power cut at one moment of its writing leaves."""
    run("partx", "--delete", disk.device)
    with Path(disk.device).open("r+b") as device:
        for where, size in lacking:
            device.seek(where)
            device.write(bytes(size))
    run("blockdev", "--flushbufs", disk.device)


def test_files_on_a_partition_that_was_not_given_out_are_never_formatted_away(
    disk: Disk, tmp_path: Path
) -> None:
    whole = disk.planned()
    assert disk.carry_out(replace(whole, steps=whole.steps[:2])) == 0
    point = tmp_path / "point"
    point.mkdir()
    run("mount", f"{disk.device}p1", str(point))
    try:
        (point / "photo").write_text("holiday")
        assert "it is mounted at" in disk.planned().refusals[0]
    finally:
        run("umount", str(point))
    assert disk.planned().refusals[0].endswith("was never given out by us, and holds files")


def test_a_disk_that_was_given_up_is_empty_again(disk: Disk) -> None:
    run(
        "sh",
        "-c",
        f"head -c 64M /dev/urandom >{disk.path}.junk && dd if={disk.path}.junk of={disk.device} conv=notrunc",
    )
    assert "data without a known form" in disk.planned().refusals[0]
    assert disk.carry_out(DiskPlan(steps=(Erase(disk.found().devices[disk.device], ()),))) == 0
    assert disk.planned().refusals == ()
