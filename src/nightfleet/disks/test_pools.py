"""Claims about room that is shared with an owner, who goes on using it."""

from dataclasses import replace

from nightfleet.disks.conftest import machine, on, wish
from nightfleet.disks.found import GIB, Device, Found, Group, Logical
from nightfleet.disks.plan import plan
from nightfleet.disks.steps_lvm import GrowLogical, MakeLogical
from nightfleet.disks.volume import Wish
from nightfleet.site.disks import Purpose

VG = {"volume_group": "vg0"}


def group(free: int, wanted: Wish, **made: int) -> Found:
    """Return a machine whose volume group has `free` GiB beside our volumes of so many GiB."""
    logicals, devices = [], {}
    for name, gib in made.items():
        path = f"/dev/mapper/vg0-nightfleet--{name}"
        logicals.append(Logical(f"nightfleet-{name}", "vg0", gib * GIB, f"/dev/vg0/{name}", path))
        tags = {"TYPE": "xfs", "UUID": wanted.uuid(Purpose(name))}
        devices[path] = Device(path, "lvm", gib * GIB, path, tags=tags)
    groups = {"vg0": Group("vg0", 200 * GIB, free * GIB, 4 << 20)}
    return replace(machine("blank"), devices=devices, groups=groups, logicals=tuple(logicals))


def test_a_share_of_a_group_keeps_what_it_has_when_its_owner_takes_room() -> None:
    wanted = wish(on(VG, imagefs="50%"))
    planned = plan(group(20, wanted, imagefs=50), wanted)
    assert (planned.refusals, planned.steps) == ((), ())
    assert planned.volumes[0].size == 50 * GIB
    (note,) = planned.notes
    assert note.startswith("imagefs keeps its 50 GiB, and would get 35 GiB")


def test_what_is_added_beside_it_gets_no_more_than_what_is_free() -> None:
    wanted = wish(on(VG, imagefs="50%", nodefs="rest"))
    (step,) = plan(group(20, wanted, imagefs=50), wanted).steps
    assert isinstance(step, MakeLogical)
    assert (step.purpose, step.size) == (Purpose.NODEFS, 20 * GIB)


def test_a_share_grows_with_its_group() -> None:
    wanted = wish(on(VG, imagefs="50%"))
    assert plan(group(70, wanted, imagefs=50), wanted).steps == (
        GrowLogical("vg0", Purpose.IMAGEFS, 60 * GIB),
    )


def test_an_amount_that_is_smaller_than_what_is_there_is_refused() -> None:
    wanted = wish(on(VG, imagefs="30GiB"))
    (reason,) = plan(group(20, wanted, imagefs=50), wanted).refusals
    assert "nothing is ever made smaller" in reason


def test_what_the_layout_no_longer_names_is_no_room_for_others() -> None:
    wanted = wish(on(VG, imagefs="rest"))
    (step,) = plan(group(20, wanted, imagefs=50, scratch=30), wanted).steps
    assert isinstance(step, GrowLogical)
    assert step.size == 70 * GIB
