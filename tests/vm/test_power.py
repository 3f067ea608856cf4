"""The plug is pulled while disks are laid out: the next run completes, and touches nothing else."""

import hashlib
import time
from pathlib import Path

import pytest

from tests.vm.conftest import DATA, NIGHT, POOL
from tests.vm.vm import PATIENCE, Vm, said

LAYOUT = """
use:
  disk: {serial: "NIGHT*"}
  group: {volume_group: vg0, space: 2GiB}
imagefs: {on: disk, size: 4GiB}
nodefs: {on: disk, size: rest, filesystem: ext4}
home: {on: group, size: rest}
"""
# what stands where on which disk, once it has come to that
MOMENTS = {
    "the table is begun": (NIGHT, b"EFI PART", (12 << 30) - 512, 512),
    "the first partition is about to be formatted": (NIGHT, "imagefs-begun".encode("utf-16-le"), 0, 1 << 20),
    "the first format has begun": (NIGHT, b"XFSB", 1 << 20, 4096),
    "the second format has begun": (NIGHT, b"\x53\xef", (1 << 20) + (4 << 30) + 1024, 128),
    "the first filesystem is given out": (NIGHT, "nightfleet-imagefs\0".encode("utf-16-le"), 0, 1 << 20),
    "a logical volume is there": (POOL, b"nightfleet-home-begun", 0, 1 << 20),
    "a logical volume is given out": (POOL, b"nightfleet-home {", 0, 1 << 20),
}

AGAIN = ["the first format has begun", "a logical volume is there"]


def digest(path: Path) -> str:
    """Return the sum of a disk."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def cut_at(vm: Vm, moment: str) -> None:
    """Lay out, and pull the plug at a moment: as soon as something stands on a disk."""
    serial, what, at, length = MOMENTS[moment]
    child = vm.start("disks", "apply")
    end = time.monotonic() + PATIENCE
    with vm.disks[serial].open("rb", buffering=0) as disk:
        while True:
            disk.seek(at)
            if what in disk.read(length):
                break
            assert child.poll() is None, f"it ended before {moment}: {child.communicate()}"
            assert time.monotonic() < end, moment
            time.sleep(0.01)
    vm.cut()
    child.communicate(timeout=PATIENCE)
    assert child.returncode != 0


@pytest.mark.parametrize(
    "moments",
    [
        pytest.param(AGAIN, id="one after another"),
        *(pytest.param([moment], id=moment, marks=pytest.mark.further) for moment in MOMENTS),
    ],
)
def test_after_a_power_cut_the_next_run_completes_and_touches_nothing_else(
    vm: Vm, moments: list[str]
) -> None:
    vm.site(LAYOUT)
    before = digest(vm.disks[DATA])
    for moment in moments:
        cut_at(vm, moment)
        vm.boot()
    (planned,) = vm.nightfleet("disks", "plan")
    assert planned["refusals"] == []
    assert said(vm.nightfleet("disks", "apply")) == "changed"
    assert said(vm.nightfleet("disks", "apply")) == "unchanged"
    assert vm.says("findmnt -rno FSTYPE /var/lib/containerd") == "xfs"
    assert vm.says("findmnt -rno SOURCE /home") == "/dev/mapper/vg0-nightfleet--home"
    assert digest(vm.disks[DATA]) == before
