"""Claims about what grows on a medium that has become larger; the scripts end at the first that fails."""

import re
from dataclasses import replace

import pytest

from nightfleet.disks import steps
from nightfleet.disks.conftest import answer, machine, wish
from nightfleet.disks.found import GIB, Device, Image
from nightfleet.disks.look import read
from nightfleet.disks.plan import growth
from nightfleet.disks.steps_lvm import GrowImage, GrowSwap, MakeImage, MakeLogical
from nightfleet.disks.volume import Volume
from nightfleet.site.disks import Purpose

UUID = wish().uuid(Purpose.SWAP)
DISK = Device("/dev/vdb", "disk", 9 * GIB, serial="A")
PARTS = (steps.Part(Purpose.SWAP, GIB),)


def test_swap_in_use_is_known_with_its_size() -> None:
    assert machine("lvm-root").swaps == {"/dev/dm-1": 16777212 * 1024}
    lines = answer("blank")
    at = lines.index("== swaps") + 1
    swaps = read([*lines[:at], r"/srv/my\040disks/swap.img file 1048572 0 -2", *lines[at:]]).swaps
    assert swaps == {"/srv/my disks/swap.img": 1048572 * 1024}


@pytest.mark.parametrize(("used", "grows"), [(GIB, True), (2 * GIB - 4096, False), (None, False)])
def test_swap_grows_with_the_partition_or_volume_under_it(used: int | None, grows: bool) -> None:
    lower = Device("/dev/mapper/vg0-x", "lvm", 2 * GIB, "/dev/dm-1", tags={"TYPE": "swap", "UUID": UUID})
    swaps = {} if used is None else {"/dev/dm-1": used}
    found = replace(machine("blank"), devices={lower.name: lower}, swaps=swaps)
    volume = Volume(Purpose.SWAP, "swap", UUID, 2 * GIB, "volume group vg0")
    assert growth(found, (volume,)) == ([GrowSwap("/dev/dm-1", UUID, 2 * GIB)] if grows else [])


def test_swap_grows_with_its_file() -> None:
    path = "/srv/disks/swap.img"
    found = replace(machine("blank"), images={path: Image(path, 2 * GIB, UUID)}, swaps={path: GIB})
    (step,) = growth(found, (Volume(Purpose.SWAP, "swap", UUID, 2 * GIB, "/srv/disks", path),))
    assert step.lines() == [f"unswapped {path}", f"format {path} swap {UUID} swap", f"swapon {path}"]
    assert GrowImage(path, Purpose.SWAP, GIB).lines()[0] == f"unswapped {path}"


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(steps.MakeTable(DISK, PARTS), id="table"),
        pytest.param(steps.AddParts(DISK, PARTS), id="partition"),
        pytest.param(steps.GrowPart(DISK, 1, Purpose.SWAP, GIB), id="larger-partition"),
        pytest.param(MakeLogical("vg0", Purpose.SWAP, GIB, "swap", UUID), id="logical"),
        pytest.param(MakeImage("/srv/swap.img", Purpose.SWAP, GIB, "swap", UUID), id="image"),
    ],
)
def test_no_command_that_may_fail_stands_before_another_on_its_line(step: steps.Step) -> None:
    """`A && B` does not end a script under `set -e` when A fails."""
    hidden = [line for line in step.lines() if re.search(r"&&", line) and not line.startswith("there ")]
    assert hidden == []
