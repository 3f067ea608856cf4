"""A working node's images and pods move onto filesystems of their own, also when it is cut off in the middle.

kubelet and containerd are stand-ins that sleep: what is proven here is what happens to files and services.
A node of a cluster moves in test_worker.py.
"""

import json
import os
import signal
import time

import pytest

from tests.vm.vm import PATIENCE, Vm

pytestmark = pytest.mark.further  # test_worker.py moves a node, tests/lab/test_move.py kills it anywhere
LAYOUT = """
use:
  disk: {serial: "NIGHT*"}
imagefs: {on: disk, size: 4GiB}
nodefs: {on: disk, size: rest}
"""
UNIT = "[Service]\\nExecStart=sleep infinity\\n[Install]\\nWantedBy=multi-user.target\\n"
WORK = f"""
set -eu
for service in containerd kubelet; do
  printf '{UNIT}' >/etc/systemd/system/$service.service
  systemctl enable --quiet --now $service.service
done
cd /var/lib && mkdir -p containerd/snapshots/1 kubelet/pods/a/volumes/secret /var/log/pods/n_a
head -c 100M /dev/urandom >containerd/blob
ln containerd/blob containerd/snapshots/1/blob
ln -s blob containerd/link
mknod containerd/snapshots/1/whiteout c 0 0
chmod 700 kubelet/pods/a
echo config >kubelet/config.yaml
echo log >/var/log/pods/n_a/0.log
mount -t tmpfs tmpfs kubelet/pods/a/volumes/secret
echo secret >kubelet/pods/a/volumes/secret/token
sync
"""
# type, mode, owner, size, links and place of everything, and the sum of every file
LOOK = r"""
cd /var/lib && find containerd kubelet -xdev ! -path containerd ! -path kubelet ! -name lost+found \
  ! -path '*nightfleet-log-pods*' -printf '%y %m %u %g %n %l %p\n' | sort
find containerd kubelet -xdev -type f ! -path '*nightfleet-log-pods*' -exec sha256sum {} + | sort
cat /var/log/pods/n_a/0.log
"""


@pytest.fixture
def working(vm: Vm) -> Vm:
    """Return a machine at work, with everything on its root disk and a new disk beside it."""
    vm.site(LAYOUT)
    vm.ssh(WORK)
    return vm


def ended_well(vm: Vm, before: str) -> None:
    """Assert that everything is on the new filesystems as it was, and at work."""
    assert vm.says(LOOK) == before
    for place in ("/var/lib/containerd", "/var/lib/kubelet", "/var/log/pods"):
        vm.ssh(f"mountpoint -q {place}")
    assert vm.says("ls -d /var/lib/*.nightfleet-old /var/log/*.nightfleet-old 2>/dev/null | wc -l") == "0"
    assert vm.says("systemctl is-active containerd kubelet | sort -u") == "active"
    assert vm.nightfleet("disks", "migrate", "vm-1")["steps"] == []


def test_everything_moves_and_is_at_work_again(working: Vm) -> None:
    working.ssh("umount /var/lib/kubelet/pods/a/volumes/secret")
    before = working.says(LOOK)
    working.ssh("mount -t tmpfs tmpfs /var/lib/kubelet/pods/a/volumes/secret")
    assert "nightfleet disks migrate moves it" in " ".join(
        working.nightfleet("disks", "plan", ends_with=3)[0]["refusals"]
    )
    working.nightfleet("disks", "migrate", "vm-1")
    ended_well(working, before)


@pytest.mark.parametrize("what", ["the operator is killed", "the power is cut"])
@pytest.mark.parametrize("step", ["copy", "mount"])
def test_cut_off_in_the_middle_the_same_command_goes_on(working: Vm, step: str, what: str) -> None:
    working.ssh("umount /var/lib/kubelet/pods/a/volumes/secret")
    before = working.says(LOOK)
    ledger = working.folder / "state/nightfleet/nft-vm/ledger.jsonl"
    seen = len(ledger.read_text().splitlines()) if ledger.exists() else 0
    child = working.start("disks", "migrate", "vm-1")
    end = time.monotonic() + PATIENCE
    while not any(
        (one["step"], one["event"]) == (step, "begun")
        for one in map(json.loads, ledger.read_text().splitlines()[seen:] if ledger.exists() else [])
    ):
        assert child.poll() is None, child.communicate()
        assert time.monotonic() < end
        time.sleep(0.05)
    time.sleep(1)
    if what == "the power is cut":
        working.cut()
        child.communicate(timeout=PATIENCE)
        working.boot()
        assert working.says("systemctl is-active kubelet || true") == "inactive"
    else:
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
    working.nightfleet("disks", "migrate", "vm-1")
    ended_well(working, before)
