"""One VM for the whole tier: booted once, frozen, and gone on from there by every module.

Every kind of proof runs by default, once. Its further cases take minutes each without KVM: NIGHTFLEET_VM=1
asks for them, and the summary says that they were skipped.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.lab.conftest import fill_depot
from tests.vm import image
from tests.vm.vm import Vm

NIGHT, DATA, POOL = "NIGHT0001", "DATA0001", "POOL0001"
GIB = {NIGHT: 12, DATA: 3, POOL: 6}
WHY = "a further case of what was proven, for minutes: NIGHTFLEET_VM=1 make test runs it"


def pytest_configure(config: pytest.Config) -> None:
    """Let SIGTERM be like Ctrl-C: pytest then runs the finalizers, which take the VM down."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    config.addinivalue_line("markers", "further: a further case of what another test proves, for minutes")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what was not asked for, and say so."""
    if not os.environ.get("NIGHTFLEET_VM"):
        for item in items:
            if item.get_closest_marker("further"):
                item.add_marker(pytest.mark.skip(reason=WHY))


def say(text: str) -> None:
    """Tell what takes its time, past pytest's capture."""
    print(f"vm: {text}", file=sys.__stderr__, flush=True)


@pytest.fixture(scope="session")
def frozen(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Vm]:
    """Return a machine that was booted and frozen: a blank disk, somebody's photo, and a volume group."""
    if os.geteuid() != 0:
        pytest.skip("the image is made by root only")
    if any(item.path.name == "test_worker.py" for item in request.session.items):
        fill_depot()  # a new machine builds for minutes: best beside tiers that need one processor
    folder = tmp_path_factory.mktemp("vm")
    there = Vm(folder, image.ensure(say))
    there.renew()
    for serial, gib in GIB.items():
        there.disk(serial, gib)
    photos = folder / "photos"
    photos.mkdir()
    (photos / "photo").write_text("holiday\n")
    subprocess.run(["mkfs.ext4", "-q", "-F", "-L", "photos", "-d", photos, there.disks[DATA]], check=True)
    try:
        there.boot()
        there.ssh(f"vgcreate --quiet vg0 /dev/disk/by-id/virtio-{POOL} && systemctl is-system-running --wait")
        there.freeze()
        yield there
    finally:
        there.unplug()
        for path in (
            *folder.glob("*.raw"),
            *folder.glob("*.frozen"),
            *folder.glob("*.qcow2"),
            folder / "memory",
        ):
            path.unlink(missing_ok=True)


@pytest.fixture
def vm(frozen: Vm) -> Vm:
    """Return the machine as it was when it was new, running."""
    frozen.thaw()
    return frozen
