"""Disks of a real kernel: blank ones are laid out, others left alone, and the plug is pulled in between."""

import hashlib
import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.vm.vm import PATIENCE, Vm

LAYOUT = """
use:
  disk: {serial: "NIGHT*"}
imagefs: {on: disk, size: 4GiB}
nodefs: {on: disk, size: 2GiB, filesystem: ext4}
swap: {on: disk, size: 1GiB}
scratch: {on: disk, size: rest}
"""
LENT = """
use:
  lent: {folder: /srv/disks, space: 2GiB, keep_free: 1GiB}
scratch: {on: lent, size: rest}
"""
NIGHT, DATA = "NIGHT0001", "DATA0001"


def said(cluster_report: Any) -> str:
    """Return the state of the only node in a report of a converge."""
    (node,) = cluster_report["nodes"]
    return str(node["state"])


def digest(path: Path) -> str:
    """Return the sum of a disk's first 64 MiB and its last."""
    with path.open("rb") as file:
        head = file.read(64 << 20)
        file.seek(-(64 << 20), 2)
        return hashlib.sha256(head + file.read()).hexdigest()


@pytest.fixture(scope="module")
def running(vm: Vm) -> Vm:
    """Return the machine with a blank disk, and another one that holds somebody's file."""
    vm.disk(NIGHT, 12)
    vm.disk(DATA, 3)
    vm.boot()
    vm.ssh(
        f"mkfs.ext4 -q -L photos /dev/disk/by-id/virtio-{DATA} && mount /dev/disk/by-id/virtio-{DATA} /mnt"
        " && echo holiday >/mnt/photo && umount /mnt && sync"
    )
    vm.site(LAYOUT)
    return vm


def test_the_plan_is_for_the_blank_disk_alone(running: Vm) -> None:
    (planned,) = running.nightfleet("disks", "plan")
    assert planned["refusals"] == []
    assert planned["steps"][0].startswith("partition /dev/vd")
    assert f"serial {NIGHT}, 12 GiB" in planned["steps"][0]
    assert len(planned["steps"]) == 9
    assert not any(DATA in step for step in planned["steps"])


def test_the_layout_is_made_and_mounted(running: Vm) -> None:
    assert said(running.nightfleet("disks", "apply")) == "changed"
    mounts = running.says(
        "findmnt -rno TARGET,FSTYPE,OPTIONS /var/lib/containerd; findmnt -rno TARGET,FSTYPE /scratch"
    )
    assert "/var/lib/containerd xfs" in mounts
    assert "prjquota" in mounts
    assert "/scratch xfs" in mounts
    assert running.says("findmnt -rno FSTYPE /var/lib/kubelet") == "ext4"
    assert running.says("stat -c %d /var/lib/kubelet /var/log/pods | sort -u | wc -l") == "1"
    assert running.says("swapon --noheadings --show=SIZE") in ("1024M", "1G")
    assert running.says("ls /dev/disk/by-partlabel | sort | xargs") == (
        "nightfleet-imagefs nightfleet-nodefs nightfleet-scratch nightfleet-swap"
    )


def test_the_second_run_changes_nothing(running: Vm) -> None:
    assert said(running.nightfleet("disks", "apply")) == "unchanged"
    assert running.nightfleet("disks", "plan")[0]["steps"] == []


def test_project_quotas_are_enforced(running: Vm) -> None:
    running.ssh(
        "mkdir -p /scratch/job && xfs_quota -x -c 'project -s -p /scratch/job 7' /scratch"
        " && xfs_quota -x -c 'limit -p bhard=20m 7' /scratch"
    )
    running.ssh("dd if=/dev/zero of=/scratch/job/big bs=1M count=40 2>/dev/null", check=False)
    assert int(running.says("stat -c %s /scratch/job/big")) <= 20 << 20


def test_a_disk_with_a_file_is_refused_and_named(running: Vm) -> None:
    running.site(LAYOUT.replace("NIGHT*", DATA))
    (planned,) = running.nightfleet("disks", "plan", ends_with=3)
    assert "not empty: ext4" in planned["refusals"][0]
    running.nightfleet("disks", "apply", ends_with=3)
    assert (
        running.says(f"mount -r /dev/disk/by-id/virtio-{DATA} /mnt && cat /mnt/photo; umount /mnt")
        == "holiday"
    )
    running.site(LAYOUT)


def test_it_comes_back_after_a_reboot_with_everything_mounted(running: Vm) -> None:
    running.ssh("echo kept >/scratch/note")
    running.cut()
    running.boot()
    assert running.says("cat /scratch/note 2>/dev/null || echo lost") in ("kept", "lost")  # it was not synced
    assert running.says(
        "findmnt -rno FSTYPE /var/lib/containerd /var/log/pods; mountpoint -q /scratch && echo yes"
    )
    assert said(running.nightfleet("disks", "apply")) == "unchanged"


def test_a_larger_disk_makes_the_last_filesystem_larger(running: Vm) -> None:
    running.ssh("echo kept >/scratch/note && sync")
    running.off()
    running.disk(NIGHT, 20)
    running.boot()
    assert running.nightfleet("disks", "plan")[0]["steps"] == [
        f"grow scratch on {disk_name(running)} to 13 GiB"
    ]
    assert said(running.nightfleet("disks", "apply")) == "changed"
    assert int(running.says("stat -f -c %b /scratch")) * 4096 > 12 << 30
    assert running.says("cat /scratch/note") == "kept"
    assert said(running.nightfleet("disks", "apply")) == "unchanged"


def disk_name(vm: Vm) -> str:
    return vm.says(f"readlink -f /dev/disk/by-id/virtio-{NIGHT}")


def test_image_files_in_a_folder_are_mounted_by_loop_devices(running: Vm) -> None:
    running.ssh("umount /scratch")
    running.site(LENT)
    assert said(running.nightfleet("disks", "apply")) == "changed"
    assert running.says("findmnt -rno SOURCE /scratch").startswith("/dev/loop")
    assert said(running.nightfleet("disks", "apply")) == "unchanged"
    running.ssh("umount /scratch")
    running.site(LAYOUT)


def test_only_the_exact_serial_gives_a_disk_up_and_the_ledger_says_who(running: Vm) -> None:
    running.site(f"use:\n  it: {{serial: {DATA}}}\nfscache: {{on: it, size: rest}}")
    running.nightfleet("disks", "apply", "--erase", f"vm-1:{DATA[:-1]}2", ends_with=3)
    assert said(running.nightfleet("disks", "apply", "--erase", f"vm-1:{DATA}")) == "changed"
    assert running.says("findmnt -rno FSTYPE /var/cache/fscache") == "xfs"
    ledger = (running.folder / "state/nightfleet/nft-vm/ledger.jsonl").read_text().splitlines()
    (done,) = [
        one for line in ledger if (one := json.loads(line))["step"] == "erase" and one["event"] == "done"
    ]
    assert done["by"]
    assert (done["data"]["serial"], done["data"]["lost"]) == (DATA, "ext4")
    running.nightfleet("disks", "apply", "--erase", f"vm-1:{DATA}", ends_with=3)  # it counts once


# The plug is pulled


def written(disk: Path, what: bytes, at: int = 0, length: int = 1 << 20) -> Callable[[], bool]:
    """Return whether something stands in a part of a disk by now."""

    def look() -> bool:
        with disk.open("rb") as file:
            file.seek(at)
            return what in file.read(length)

    return look


MOMENTS = {
    "the table is written": (b"EFI PART", 0, 1 << 20),
    "the first format has begun": (b"XFSB", 1 << 20, 4096),
    "the first filesystem is given out": ("nightfleet-imagefs\0".encode("utf-16-le"), 0, 1 << 20),
    "the second format has begun": (b"\x53\xef", (1 << 20) + (4 << 30) + 1024, 128),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_after_a_power_cut_the_next_run_completes_and_touches_nothing_else(vm: Vm, moment: str) -> None:
    vm.off()
    vm.renew()
    for serial, gib in ((NIGHT, 12), (DATA, 3)):
        vm.empty(serial, gib)
    subprocess.run(["mkfs.ext4", "-q", "-F", vm.disks[DATA]], check=True)
    vm.boot()
    vm.site(LAYOUT)
    before = digest(vm.disks[DATA])
    child = vm.start("disks", "apply")
    there = written(vm.disks[NIGHT], *MOMENTS[moment])
    end = time.monotonic() + PATIENCE
    while not there():
        assert child.poll() is None, f"it ended before {moment}: {child.communicate()}"
        assert time.monotonic() < end
        time.sleep(0.02)
    vm.cut()
    child.communicate(timeout=PATIENCE)
    assert child.returncode != 0
    vm.boot()
    (planned,) = vm.nightfleet("disks", "plan")
    assert planned["steps"], "the plug was pulled too late to prove anything"
    assert said(vm.nightfleet("disks", "apply")) == "changed"
    assert said(vm.nightfleet("disks", "apply")) == "unchanged"
    assert vm.says("findmnt -rno FSTYPE /var/lib/containerd") == "xfs"
    assert digest(vm.disks[DATA]) == before
