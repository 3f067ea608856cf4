"""The kernel's own NFS, as server and as client of itself: a cache that saves the network, limits that hold.

What pods see of it, and a server that is away for five minutes: test_worker.py. Bytes over the network are
those that the client counts as read from its server (/proc/self/mountstats).
"""

import time
from collections.abc import Iterator

import pytest

from tests.vm.conftest import NIGHT
from tests.vm.vm import Vm, said

LAYOUT = f"""
use:
  disk: {{serial: {NIGHT}}}
fscache: {{on: disk, size: 2GiB}}
scratch: {{on: disk, size: rest}}
"""
NFS = """
nfs:
  exports:
    models: {on: vm-1, path: /srv/nfs/models}
    teams: {on: vm-1, path: /scratch/teams, tenants: {vision: {quota: 1GiB}}}
  mounts:
    models: {export: models, at: /mnt/models, cache: true, idle: 0}
    vision: {export: teams/vision, at: /mnt/vision, idle: 0}
"""
CAPABILITIES = ("disks", "nfs_server", "cachefilesd", "nfs_client")
SIZE = 16 << 20


@pytest.fixture(scope="module")
def shared(frozen: Vm) -> Iterator[Vm]:
    """Return the machine, which serves two folders and mounts both."""
    frozen.thaw()
    vm = frozen
    site = vm.site(LAYOUT)
    site.write_text(f"{site.read_text()}{NFS}")
    for capability in CAPABILITIES:
        assert said(vm.nightfleet("converge", "--only", capability)) == "changed", capability
    for folder in ("/srv/nfs/models", "/scratch/teams/vision"):
        vm.ssh(f"head -c {SIZE} /dev/urandom >{folder}/data && chmod 644 {folder}/data && sync")
    yield vm
    vm.cut()


def read(vm: Vm, place: str) -> int:
    """Read the file anew, as after a reboot, and return how many bytes came from the server."""
    unit = vm.says(f"systemd-escape --path --suffix=mount {place}")
    vm.ssh(f"systemctl stop '{unit}' && echo 3 >/proc/sys/vm/drop_caches")
    vm.ssh(f"cat {place}/data >/dev/null")
    mine = f"\\|mounted on {place} with fstype nfs|,/bytes:/"  # its automount has lines there too
    stats = f"sed -n '{mine}s/.*bytes:[[:space:]]*//p' /proc/self/mountstats"
    return int(vm.says(stats).split()[4])


def test_a_second_run_changes_nothing(shared: Vm) -> None:
    assert {said(shared.nightfleet("converge", "--only", one)) for one in CAPABILITIES} == {"unchanged"}


def test_every_check_passes(shared: Vm) -> None:
    for capability in ("nfs_server", "nfs_client", "cachefilesd"):
        checks = shared.nightfleet("verify", "--only", capability)["checks"]
        assert checks
        assert [check for check in checks if check["outcome"] != "passed"] == []


def test_a_second_read_through_the_cache_moves_no_bytes(shared: Vm) -> None:
    first = read(shared, "/mnt/models")
    time.sleep(5)  # the cache writes behind
    assert read(shared, "/mnt/models") < 1 << 20
    assert first <= 1.1 * SIZE


def test_without_the_cache_every_read_moves_all_of_it(shared: Vm) -> None:
    assert [read(shared, "/mnt/vision") >= SIZE for _ in range(2)] == [True, True]


def test_a_tenant_does_not_hold_more_than_its_limit(shared: Vm) -> None:
    done = shared.ssh("fallocate -l 1100M /scratch/teams/vision/much", check=False)
    shared.ssh("rm -f /scratch/teams/vision/much")
    assert done.returncode != 0
    assert shared.ssh("fallocate -l 1100M /scratch/much && rm /scratch/much", check=False).returncode == 0


def test_a_cache_whose_daemon_is_gone_is_told(shared: Vm) -> None:
    shared.ssh("systemctl stop mnt-models.mount nightfleet-cachefilesd.service")
    shared.ssh("ls /mnt/models; systemctl stop nightfleet-cachefilesd.service")
    failed = [
        check["claim"]
        for check in shared.nightfleet("verify", "--only", "cachefilesd", ends_with=1)["checks"]
        if check["outcome"] != "passed"
    ]
    assert failed
    shared.ssh("systemctl stop mnt-models.mount; systemctl start nightfleet-cachefilesd.service")
    assert said(shared.nightfleet("converge", "--only", "nfs_client")) in ("changed", "unchanged")


def test_no_boot_waits_for_a_server_that_is_away(shared: Vm) -> None:
    shared.ssh("systemctl disable --quiet nfs-server.service")
    shared.reboot()
    assert shared.says("systemctl is-active nfs-server.service || true") == "inactive"
    assert shared.says("systemctl is-active mnt-vision.automount") == "active"
    assert shared.says("systemctl list-jobs --no-legend") == ""
