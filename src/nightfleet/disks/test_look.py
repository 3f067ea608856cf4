"""Claims about reading what a machine says of its disks."""

import pytest

from nightfleet.disks.conftest import MACHINES, answer, machine
from nightfleet.disks.look import read


@pytest.mark.parametrize("name", MACHINES)
def test_every_recorded_machine_is_read(name: str) -> None:
    assert machine(name).disks


def test_an_answer_that_was_cut_off_means_nothing() -> None:
    with pytest.raises(ValueError, match="cut off"):
        read(answer("blank")[:-1])


def test_a_device_with_two_parents_stands_below_both() -> None:
    found = machine("multipath")
    path = found.devices["/dev/mapper/mpatha"]
    assert path.parents == ("/dev/sdb", "/dev/sdc")
    assert [disk.name for disk in found.disks if path in found.below(disk)] == ["/dev/sdb", "/dev/sdc"]


def test_a_disk_knows_what_is_mounted_from_it() -> None:
    found = machine("lvm-root")
    assert found.devices["/dev/mapper/vg0-root"].mounted == ("/",)
    assert found.devices["/dev/mapper/vg0-swap"].swapping


def test_health_is_told_or_unknown() -> None:
    assert machine("failing").devices["/dev/nvme1n1"].healthy is False
    assert machine("nvme-pair").devices["/dev/nvme1n1"].healthy is True
    assert machine("blank").devices["/dev/vdb"].healthy is None
