"""The one claim that matters: no plan touches a device on which anything was found.

On every recorded machine with every kind of layout, and on machines made up by Hypothesis: disks with and
without signatures, partitions, mounts, holders, unknown bytes, and with partitions that carry our own labels.
"""

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nightfleet.disks import steps
from nightfleet.disks.blank import in_use
from nightfleet.disks.conftest import MACHINES, VIRTIO, carried_out, machine, on, wish
from nightfleet.disks.found import GIB, MIB, Device, Found
from nightfleet.disks.plan import plan
from nightfleet.disks.steps import State, Step, label, partition_path
from nightfleet.disks.volume import Wish
from nightfleet.site.disks import Purpose

LAYOUTS: dict[str, dict[str, Any]] = {
    "virtio": VIRTIO,
    **{
        f"{kind}-{size}": on({"transport": kind}, imagefs=size, nodefs="10%")
        for kind, size in product(("nvme", "sata", "sas", "virtio"), ("30%", "rest"))
    },
    "anything": on({"at_least": "1GiB"}, imagefs="rest"),
    "any-id": on({"id": "*"}, scratch="rest", swap="5%"),
    "group": on({"volume_group": "vg0"}, imagefs="50%", nodefs="rest"),
    "folder": on({"folder": "/var/lib/nightfleet/disks", "space": "40GiB"}, imagefs="50%", nodefs="rest"),
}


def harm(found: Found, wish: Wish, planned: tuple[Step, ...]) -> Iterator[str]:
    """Yield what the steps would do to a device that holds something; `wish` says whose it may be."""
    for step in planned:
        match step:
            case steps.MakeTable(disk=disk):
                yield from on_disk(found, found.devices[disk.name])
            case steps.FormatPart(disk=disk, number=number, purpose=purpose):
                part = found.devices[partition_path(disk.name, number)]
                yield from on_part(part, wish.uuid(purpose), step.again)
            case steps.AddParts(disk=disk) | steps.GrowPart(disk=disk) | steps.NamePart(disk=disk):
                if not any(
                    p.label.startswith("nightfleet-") for p in found.partitions(found.devices[disk.name])
                ):
                    yield f"{step.says()}: none of its partitions is ours"
        found = carried_out(found, step)


def on_disk(found: Found, disk: Device) -> Iterator[str]:
    if disk.signatures or disk.tags or disk.mounted or disk.holders or disk.swapping or found.below(disk):
        yield f"{disk.name} holds {disk.signatures or disk.tags or found.below(disk)}"
    if disk.written is not False or disk.readonly or disk.removable or disk.healthy is False:
        yield f"{disk.name} is not known to be empty and fit"


def on_part(part: Device, ours: str, again: bool) -> Iterator[str]:
    if part.mounted or part.holders or part.swapping:
        yield f"{part.name} may be in use"
    empty = part.label.endswith("-new") and not part.signatures and part.written is False
    half = not part.signatures or (part.uuid == ours and part.inside == "unmountable")
    if not (empty and not again) and not (again and half and part.label.endswith("-begun")):
        yield f"{part.name} holds {part.signatures}, {part.inside}"


@pytest.mark.parametrize("name", MACHINES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_no_plan_for_a_recorded_machine_touches_what_holds_anything(name: str, layout: str) -> None:
    found, wanted = machine(name), wish(LAYOUTS[layout])
    planned = plan(found, wanted)
    assert list(harm(found, wanted, planned.steps)) == []
    assert not (planned.steps and planned.refusals)


SIGNATURES = (
    "ext4",
    "xfs",
    "ntfs",
    "BitLocker",
    "LVM2_member",
    "linux_raid_member",
    "zfs_member",
    "crypto_LUKS",
)
FILESYSTEM_LABELS = [
    label(purpose, state) for purpose in (Purpose.IMAGEFS, Purpose.NODEFS) for state in State
]
UUIDS = ["", wish().uuid(Purpose.IMAGEFS), wish().uuid(Purpose.NODEFS), wish(node="n2").uuid(Purpose.IMAGEFS)]
BYTES = st.sampled_from([False, True, None])


@st.composite
def disks(draw: st.DrawFn, name: str) -> list[Device]:
    """Make up one disk with what may be on it."""
    size = draw(st.integers(1, 400)) * GIB
    table = draw(st.sampled_from(["", "", "gpt", "dos"]))
    signatures = draw(st.lists(st.sampled_from(SIGNATURES), max_size=1)) + ([table] if table else [])
    disk = Device(
        name,
        "disk",
        size,
        name,
        numbers=f"8:{name[-1]}",
        serial=draw(st.sampled_from(["A", "B", ""])),
        transport=draw(st.sampled_from(["virtio", "sata", "usb"])),
        readonly=draw(st.booleans()) and draw(st.booleans()),
        tags={"PTTYPE": table} if table else {},
        signatures=tuple(signatures),
        mounted=("/mnt",) if draw(st.integers(0, 9)) == 0 else (),
        holders=("dm-0",) if draw(st.integers(0, 9)) == 0 else (),
        swapping=draw(st.integers(0, 9)) == 0,
        written=None if signatures else draw(BYTES),
    )
    parts = []
    for number in range(1, draw(st.integers(0, 3)) + 1 if table else 1):
        kind = draw(st.sampled_from(["", "xfs", "ext4", "BitLocker"]))
        tags = {
            "PART_ENTRY_NUMBER": str(number),
            "PART_ENTRY_NAME": draw(st.sampled_from(["data", *FILESYSTEM_LABELS])),
            "PART_ENTRY_OFFSET": str((MIB + (number - 1) * size // 4) // 512),
            **({"TYPE": kind, "UUID": draw(st.sampled_from(UUIDS))} if kind else {}),
        }
        part = Device(
            partition_path(name, number),
            "part",
            draw(st.integers(1, 4)) * size // 16,
            numbers=f"9:{name[-1]}{number}",
            parents=(name,),
            tags=tags,
            signatures=(kind,) if kind else (),
            mounted=("/data",) if draw(st.integers(0, 5)) == 0 else (),
            written=None if kind else draw(BYTES),
            inside=draw(st.sampled_from(["", "empty", "files", "unmountable"])) if kind else "",
        )
        parts.append(part)
    return [disk, *parts]


@settings(max_examples=400, deadline=None)
@given(
    first=disks("/dev/sd1"),
    second=disks("/dev/sd2"),
    opened=st.sampled_from(["", "A"]),
    layout=st.sampled_from(["virtio", "sata-30%", "sata-rest", "virtio-30%", "virtio-rest", "anything"]),
)
def test_no_plan_for_any_machine_touches_what_holds_anything(
    first: list[Device], second: list[Device], opened: str, layout: str
) -> None:
    found = Found({device.name: device for device in (*first, *second)})
    wanted = wish(LAYOUTS[layout], opened=opened)
    planned = plan(found, wanted)
    erased = [step for step in planned.steps if isinstance(step, steps.Erase)]
    assert all(step.disk.serial == opened for step in erased)
    assert not any(
        one.mounted or one.swapping for step in erased for one in (step.disk, *found.below(step.disk))
    )
    assert list(harm(found, wanted, planned.steps)) == []


def test_a_disk_that_a_stranger_holds_is_in_use_whatever_else_is_on_it() -> None:
    disk = Device("/dev/sd1", "disk", GIB, holders=("dm-9",))
    part = Device("/dev/sd1p1", "part", GIB // 2, kernel_name="/dev/sd1p1", parents=("/dev/sd1",))
    found = Found({one.name: one for one in (disk, part)})
    assert list(in_use(found, disk)) == ["/dev/sd1 is held by dm-9"]
