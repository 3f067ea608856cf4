"""Disks of a real kernel: blank ones are laid out, others left alone, a volume group and a folder are used.

One machine goes through all of this, in the order of the tests; at the end it is rebooted.
"""

import json
from collections.abc import Iterator

import pytest

from tests.vm.conftest import DATA, NIGHT
from tests.vm.vm import Vm, said

LAYOUT = """
use:
  disk: {serial: "NIGHT*"}
  group: {volume_group: vg0, space: 2GiB}
  lent: {folder: /srv/disks, space: 1GiB, keep_free: 1GiB}
imagefs: {on: disk, size: 4GiB}
nodefs: {on: disk, size: 2GiB, filesystem: ext4}
swap: {on: disk, size: 1GiB}
scratch: {on: disk, size: rest}
home: {on: group, size: rest}
fscache: {on: lent, size: rest}
"""
REFUSED = f"use:\n  it: {{serial: {DATA}}}\ntmp: {{on: it, size: rest}}"
WITH_TMP = f"{LAYOUT}tmp: {{on: given, size: rest}}\n".replace("use:", f"use:\n  given: {{serial: {DATA}}}")
LARGER = WITH_TMP.replace("space: 2GiB", "space: 4GiB").replace("space: 1GiB", "space: 2GiB")
POINTS = "/var/lib/containerd /var/lib/kubelet /scratch /home /var/cache/fscache"


@pytest.fixture(scope="module")
def running(frozen: Vm) -> Iterator[Vm]:
    """Return the machine as it was when it was new; what the tests do to it stays for the next one."""
    frozen.thaw()
    frozen.site(LAYOUT)
    yield frozen
    frozen.cut()


def test_the_plan_is_for_the_blank_disk_the_group_and_the_folder_alone(running: Vm) -> None:
    (planned,) = running.nightfleet("disks", "plan")
    assert planned["refusals"] == []
    assert planned["steps"][0].startswith("partition /dev/vd")
    assert f"serial {NIGHT}, 12 GiB" in planned["steps"][0]
    assert len(planned["steps"]) == 11
    assert not any(DATA in step for step in planned["steps"])


def test_the_layout_is_made_and_mounted(running: Vm) -> None:
    assert said(running.nightfleet("disks", "apply")) == "changed"
    assert running.says(f"for at in {POINTS}; do findmnt -rno TARGET,FSTYPE $at; done").splitlines() == [
        "/var/lib/containerd xfs",
        "/var/lib/kubelet ext4",
        "/scratch xfs",
        "/home xfs",
        "/var/cache/fscache xfs",
    ]
    assert running.says("findmnt -rno SOURCE /home") == "/dev/mapper/vg0-nightfleet--home"
    assert running.says("findmnt -rno SOURCE /var/cache/fscache").startswith("/dev/loop")
    assert running.says("stat -c %d /var/lib/kubelet /var/log/pods | sort -u | wc -l") == "1"
    assert running.says("swapon --noheadings --show=SIZE") in ("1024M", "1G")
    assert running.says("ls /dev/disk/by-partlabel | sort | xargs") == (
        "nightfleet-imagefs nightfleet-nodefs nightfleet-scratch nightfleet-swap"
    )


@pytest.mark.parametrize("where", ["/scratch", "/home"])
def test_project_quotas_are_enforced(running: Vm, where: str) -> None:
    assert "prjquota" in running.says(f"findmnt -rno OPTIONS {where}")
    running.ssh(
        f"mkdir -p {where}/job && xfs_quota -x -c 'project -s -p {where}/job 7' {where}"
        f" && xfs_quota -x -c 'limit -p bhard=20m 7' {where}"
    )
    written = running.ssh(f"dd if=/dev/zero of={where}/job/big bs=1M count=40 oflag=sync", check=False)
    assert "No space left on device" in written.stderr
    assert 15 << 20 < int(running.says(f"stat -c %s {where}/job/big")) <= 20 << 20
    running.ssh(f"dd if=/dev/zero of={where}/other bs=1M count=40 && rm {where}/other")  # no limit on it


def test_a_disk_with_a_file_is_refused_and_named(running: Vm) -> None:
    running.site(REFUSED)
    (planned,) = running.nightfleet("disks", "plan", ends_with=3)
    assert "not empty: ext4" in planned["refusals"][0]
    mount = f"mount -r /dev/disk/by-id/virtio-{DATA} /mnt && cat /mnt/photo && umount /mnt"
    assert running.says(mount) == "holiday"


def test_only_the_exact_serial_gives_a_disk_up_and_the_ledger_says_who(running: Vm) -> None:
    running.site(WITH_TMP)
    running.nightfleet("disks", "apply", "--erase", f"vm-1:{DATA[:-1]}2", ends_with=3)
    assert said(running.nightfleet("disks", "apply", "--erase", f"vm-1:{DATA}")) == "changed"
    assert running.says(f"lsblk -rno FSTYPE,LABEL /dev/disk/by-id/virtio-{DATA}-part1") == "xfs nf-tmp"
    ledger = (running.folder / "state/nightfleet/nft-vm/ledger.jsonl").read_text().splitlines()
    (done,) = [
        one for line in ledger if (one := json.loads(line))["step"] == "erase" and one["event"] == "done"
    ]
    assert done["by"]
    assert (done["data"]["serial"], done["data"]["lost"]) == (DATA, "ext4")
    running.nightfleet("disks", "apply", "--erase", f"vm-1:{DATA}", ends_with=3)  # it counts once


def test_more_room_on_the_disk_in_the_group_and_in_the_folder_makes_filesystems_larger(running: Vm) -> None:
    running.ssh("for at in /scratch /home /var/cache/fscache; do echo kept >$at/note; done")
    running.enlarge(NIGHT, 20)
    running.site(LARGER)
    (planned,) = running.nightfleet("disks", "plan")
    disk = running.says(f"readlink -f /dev/disk/by-id/virtio-{NIGHT}")
    assert sorted(planned["steps"]) == [
        "grow /srv/disks/fscache.img to 2 GiB",
        "grow home in volume group vg0 to 4 GiB",
        f"grow scratch on {disk} to 13 GiB",
    ]
    assert said(running.nightfleet("disks", "apply")) == "changed"
    sizes = running.says("for at in /scratch /home /var/cache/fscache; do stat -f -c '%S %b' $at; done")
    whole = [int(unit) * int(blocks) for unit, blocks in map(str.split, sizes.splitlines())]
    assert [size > gib << 30 for size, gib in zip(whole, (12, 3, 1), strict=True)] == [True] * 3, whole
    assert running.says("cat /scratch/note /home/note /var/cache/fscache/note | sort -u") == "kept"


def test_after_a_reboot_everything_is_mounted_and_a_further_run_changes_nothing(running: Vm) -> None:
    running.reboot()
    assert running.says("systemctl is-system-running --wait || systemctl --failed --plain") == "running"
    assert (
        running.says(f"for at in {POINTS} /var/log/pods /tmp; do mountpoint -q $at || echo $at; done") == ""
    )
    assert running.says("stat -c %a /tmp") == "1777"
    assert running.says("swapon --noheadings --show=SIZE") in ("1024M", "1G")
    assert running.says("cat /scratch/note /home/note /var/cache/fscache/note | sort -u") == "kept"
    assert said(running.nightfleet("disks", "apply")) == "unchanged"
