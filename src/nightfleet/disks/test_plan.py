"""Claims about the planner on recorded machines: the empty is used, what holds anything is left."""

from dataclasses import replace
from typing import Any

import pytest

from nightfleet.disks import steps
from nightfleet.disks.conftest import MACHINES, VIRTIO, carried_out, cut_off, machine, on, wish
from nightfleet.disks.found import GIB, Found
from nightfleet.disks.plan import DiskPlan, growth, plan
from nightfleet.disks.steps_lvm import MakeImage, MakeLogical
from nightfleet.disks.volume import Wish
from nightfleet.site.disks import Layout, Purpose, of_node
from nightfleet.site.handover import CloudVolume

NVME = {"transport": "nvme", "at_least": "800GiB"}


def said(planned: DiskPlan) -> list[str]:
    """Return the steps in words."""
    return [step.says() for step in planned.steps]


def test_a_new_disk_is_partitioned_formatted_and_given_out() -> None:
    planned = plan(machine("blank"), wish())
    assert planned.refusals == ()
    assert said(planned) == [
        "partition /dev/vdb (serial NIGHT0001, 100 GiB): imagefs 40 GiB, nodefs 20 GiB, scratch 38 GiB",
        "format imagefs on /dev/vdb as xfs",
        "format nodefs on /dev/vdb as xfs",
        "format scratch on /dev/vdb as xfs",
        "give imagefs on /dev/vdb its name, nightfleet-imagefs",
        "give nodefs on /dev/vdb its name, nightfleet-nodefs",
        "give scratch on /dev/vdb its name, nightfleet-scratch",
    ]
    assert [volume.where for volume in planned.volumes] == [
        "/var/lib/containerd",
        "/var/lib/kubelet",
        "/scratch",
    ]


def test_a_finished_layout_is_left_as_it_is() -> None:
    planned = plan(machine("finished"), wish())
    assert (planned.refusals, planned.steps, planned.notes) == ((), (), ())
    assert growth(machine("finished"), planned.volumes) == []


def test_of_two_drives_the_empty_one_is_meant() -> None:
    planned = plan(machine("nvme-pair"), wish(on(NVME, imagefs="60%", nodefs="rest")))
    assert said(planned)[0].startswith("partition /dev/nvme1n1 (serial S5GXNX0T200002,")
    sizes = {volume.purpose: volume.size for volume in planned.volumes}
    assert sizes[Purpose.IMAGEFS] // GIB == 1117
    assert sizes[Purpose.NODEFS] // GIB == 745


def test_two_empty_drives_are_not_guessed_about() -> None:
    planned = plan(machine("two-blank"), wish(on(NVME, imagefs="rest")))
    assert planned.steps == ()
    assert "name one by its serial or id" in planned.refusals[0]


def test_two_empty_drives_are_told_apart_by_where_they_are() -> None:
    layout = {
        "use": {"one": {"id": "pci-0000:01:00.0-nvme-1"}, "two": {"id": "pci-0000:02:*"}},
        "imagefs": {"on": "one", "size": "rest"},
        "nodefs": {"on": "two", "size": "rest"},
    }
    disks = [
        step.disk.name
        for step in plan(machine("two-blank"), wish(layout)).steps
        if isinstance(step, steps.MakeTable)
    ]
    assert disks == ["/dev/nvme1n1", "/dev/nvme2n1"]


def test_a_disk_of_a_storage_network_is_used_only_when_it_is_named() -> None:
    found = machine("blank")
    lun = replace(found.devices["/dev/vdb"], transport="iscsi")
    found = replace(found, devices={**found.devices, "/dev/vdb": lun})
    assert (
        "no disk is at least 50GiB"
        in plan(found, wish(on({"at_least": "50GiB"}, imagefs="rest"))).refusals[0]
    )
    assert plan(found, wish(on({"serial": "NIGHT0001"}, imagefs="rest"))).steps


def test_a_volume_that_terraform_made_is_known_by_its_id_and_no_other_disk_is_taken_for_it() -> None:
    layout = Layout.model_validate(on({"cloud_volume": "imagefs"}, imagefs="rest"))
    named = of_node(layout, {"imagefs": CloudVolume(id="NIGHT0001", size=100).disk})
    assert said(plan(machine("blank"), Wish("s", "n1", named)))[0].startswith("partition /dev/vdb")
    other = of_node(layout, {"scratch": "*[-_]NIGHT0001*"})
    assert (
        "no disk is the cloud volume 'imagefs', which Terraform did not make here"
        in plan(machine("blank"), Wish("s", "n1", other)).refusals[0]
    )


@pytest.mark.parametrize("name", ["/dev/zd0", "/dev/bcache0", "/dev/etherd/e0.0", "/dev/drbd1", "/dev/nbd0"])
def test_what_is_made_of_other_disks_or_comes_by_a_network_is_no_disk(name: str) -> None:
    found = machine("blank")
    blank = replace(found.devices["/dev/vdb"], name=name, kernel_name=name)
    found = replace(found, devices={name: blank})
    assert "no disk is" in plan(found, wish(on({"at_least": "50GiB"}, imagefs="rest"))).refusals[0]


def test_two_places_may_not_mean_one_disk() -> None:
    layout = {
        "use": {"one": {"serial": "NIGHT0001"}, "two": {"id": "virtio-NIGHT*"}},
        "imagefs": {"on": "one", "size": "rest"},
        "nodefs": {"on": "two", "size": "rest"},
    }
    assert "two places of the layout mean /dev/vdb" in plan(machine("blank"), wish(layout)).refusals[0]


@pytest.mark.parametrize(
    ("name", "place", "found"),
    [
        pytest.param("no-free-disk", {"transport": "sata"}, "/dev/sda2 is mounted at /", id="the-system"),
        pytest.param("sata-and-nvme", {"transport": "sata"}, "xfs 'archive' 2.9 TiB", id="data-with-a-label"),
        pytest.param("windows-bitlocker", {"transport": "nvme"}, "BitLocker (Windows)", id="windows"),
        pytest.param("zfs-member", {"serial": "ZC100001"}, "a member of a ZFS pool 'tank'", id="zfs"),
        pytest.param("multipath", {"transport": "sas"}, "a path of a multipath device", id="multipath"),
        pytest.param("md-member", {"serial": "WD-WX3a"}, "a member of a RAID (md)", id="md"),
        pytest.param("swap-partition", {"transport": "sata"}, "/dev/sda1 is swap in use", id="swap"),
        pytest.param("lvm-root", {"transport": "nvme"}, "a physical volume of LVM", id="lvm"),
        pytest.param("usb-stick", {"serial": "4C530001230809"}, "removable (USB)", id="usb"),
        pytest.param("veracrypt", {"serial": "NIGHT0001"}, "data without a known form", id="no-signature"),
        pytest.param(
            "unreadable", {"serial": "NIGHT0001"}, "whether it is empty is unknown", id="unreadable"
        ),
        pytest.param("whole-disk-ext4", {"serial": "NIGHT0001"}, "not empty: ext4", id="no-partitions"),
        pytest.param("failing", {"serial": "S5GXNX0T200002"}, "SMART says that it is failing", id="failing"),
        pytest.param("moved-disk", {"serial": "NIGHT0009"}, "xfs 'nf-imagefs' 40 GiB", id="of-another-node"),
        pytest.param("blank", {"serial": "NIGHT0002"}, "no disk is of serial NIGHT0002", id="not-there"),
    ],
)
def test_what_holds_anything_is_refused_with_what_was_found(
    name: str, place: dict[str, Any], found: str
) -> None:
    planned = plan(machine(name), wish(on(place, imagefs="rest")))
    assert planned.steps == ()
    assert any(found in reason for reason in planned.refusals), planned.refusals


def test_a_refusal_names_the_way_to_give_the_disk_up() -> None:
    (reason,) = plan(machine("whole-disk-ext4"), wish()).refusals
    assert reason.endswith("nightfleet disks apply --erase n1:NIGHT0001")


def test_only_the_very_serial_opens_a_disk_and_what_is_lost_is_said() -> None:
    assert plan(machine("whole-disk-ext4"), wish(opened="NIGHT0002")).refusals
    planned = plan(machine("whole-disk-ext4"), wish(opened="NIGHT0001"))
    assert said(planned)[0] == "erase /dev/vdb (serial NIGHT0001, 100 GiB), with ext4"


@pytest.mark.parametrize(
    ("name", "serial"),
    [("no-free-disk", "S3Z9NB0K700001"), ("swap-partition", "50026B7782F0A009"), ("md-member", "WD-WX3a")],
    ids=["mounted", "swap", "array"],
)
def test_consent_does_not_open_a_disk_that_is_in_use(name: str, serial: str) -> None:
    planned = plan(machine(name), wish(on({"serial": serial}, imagefs="rest"), opened=serial))
    assert planned.steps == ()
    assert "nobody may erase what is in use" in planned.refusals[0]


def test_a_live_node_is_told_how_its_data_moves() -> None:
    planned = plan(machine("live-node"), wish())
    assert planned.steps == ()
    assert [reason.split(", and a mount")[0] for reason in planned.refusals] == [
        "/var/lib/containerd is not empty (io.containerd.metadata.v1.bolt ...)",
        "/var/lib/kubelet is not empty (pods ...)",
        "/var/log/pods is not empty (kube-system_kube-proxy-x ...)",
    ]


def test_a_filled_var_is_refused_with_the_way_out() -> None:
    found = replace(machine("blank"), filled={"/var": ("/var/cache", "/var/lib")})
    (reason,) = plan(found, wish(on({"serial": "NIGHT0001"}, var="rest"))).refusals
    assert reason.startswith("/var is not empty (cache, lib ...)")
    assert "take `var` out of the layout; `imagefs` and `nodefs` hold what grows" in reason


def test_a_failing_disk_with_a_finished_layout_is_told_and_refuses_nothing() -> None:
    found = machine("finished")
    failing = replace(
        found, devices={**found.devices, "/dev/vdb": replace(found.devices["/dev/vdb"], healthy=False)}
    )
    planned = plan(failing, wish())
    assert (planned.refusals, planned.steps) == ((), ())
    assert planned.notes == ("/dev/vdb (serial NIGHT0001, 100 GiB): SMART says that it is failing",)
    assert planned.volumes == plan(found, wish()).volumes


@pytest.mark.parametrize("name", ["one-lacks", "half-finished"])
def test_nothing_more_is_made_on_a_failing_disk(name: str) -> None:
    found = machine(name)
    failing = replace(
        found, devices={**found.devices, "/dev/vdb": replace(found.devices["/dev/vdb"], healthy=False)}
    )
    planned = plan(failing, wish())
    assert planned.steps == ()
    assert "SMART says that it is failing" in planned.refusals[0]


# Interrupted


def test_a_format_that_was_cut_off_is_made_again_and_the_rest_follows() -> None:
    planned = plan(machine("half-finished"), wish())
    assert said(planned)[0] == "format imagefs on /dev/vdb as xfs again: the last time was cut off"
    assert len(planned.steps) == 6


def test_a_filesystem_that_was_made_and_not_named_is_named() -> None:
    steps_left = said(plan(machine("half-named"), wish()))
    assert "format imagefs on /dev/vdb as xfs" not in steps_left
    assert "give imagefs on /dev/vdb its name, nightfleet-imagefs" in steps_left


def test_files_on_a_partition_that_was_never_given_out_are_not_formatted_away() -> None:
    (reason,) = plan(machine("half-used"), wish()).refusals
    assert "was never given out by us, and holds files" in reason


def test_bytes_of_unknown_origin_are_not_formatted_away() -> None:
    (reason,) = plan(machine("half-dirty"), wish()).refusals
    assert "is not proven to be empty" in reason


@pytest.mark.parametrize("name", ["blank", "one-lacks", "half-finished"])
def test_after_a_power_cut_at_any_step_the_next_run_completes(name: str) -> None:
    whole = plan(machine(name), wish())
    assert whole.steps
    for done in range(len(whole.steps) + 1):
        found = machine(name)
        for step in whole.steps[:done]:
            found = carried_out(found, step)
        finish(found)
        if done < len(whole.steps) and isinstance(following := whole.steps[done], steps.FormatPart):
            for moment in cut_off(found, following):
                finish(moment)


def finish(found: Found) -> None:
    """Carry out what is planned; afterwards there is nothing left to do."""
    for step in plan(found, wish()).steps:
        found = carried_out(found, step)
    planned = plan(found, wish())
    assert (planned.refusals, planned.steps) == ((), ())


def test_an_erased_disk_is_laid_out_without_further_consent() -> None:
    found = machine("whole-disk-ext4")
    erase, *_ = plan(found, wish(opened="NIGHT0001")).steps
    finish(carried_out(found, erase))


# Growing, adding, shrinking


def test_the_last_partition_grows_with_its_disk() -> None:
    layout = {**VIRTIO, "scratch": {"on": "disk", "size": "rest"}}
    planned = plan(machine("grown-disk"), wish(layout))
    assert said(planned) == ["grow scratch on /dev/vdb to 140 GiB"]


def test_a_partition_does_not_grow_over_the_next_one() -> None:
    layout = {**VIRTIO, "imagefs": {"on": "disk", "size": "60GiB"}}
    (reason,) = plan(machine("grown-disk"), wish(layout)).refusals
    assert "imagefs has 40 GiB, and the layout wants 60 GiB, but behind it are 0 MiB only" in reason


def test_nothing_is_made_smaller() -> None:
    layout = {**VIRTIO, "scratch": {"on": "disk", "size": "10GiB"}}
    (reason,) = plan(machine("finished"), wish(layout)).refusals
    assert "nothing is ever made smaller" in reason


def test_what_lacks_is_added_behind_what_is_there() -> None:
    planned = plan(machine("one-lacks"), wish())
    assert said(planned)[0] == "add to /dev/vdb (serial NIGHT0001, 100 GiB): scratch 38 GiB"
    made = planned.steps[1]
    assert isinstance(made, steps.FormatPart)
    assert made.number == 3


def test_what_is_no_longer_wanted_is_told_and_left() -> None:
    layout = {key: value for key, value in VIRTIO.items() if key != "scratch"}
    planned = plan(machine("finished"), wish(layout))
    assert planned.steps == ()
    assert planned.notes == ("/dev/vdb3 (scratch) is no longer in the layout: it is left as it is",)


# Shared room


def test_logical_volumes_take_free_room_of_a_group() -> None:
    place = {"volume_group": "vg0", "space": "200GiB"}
    planned = plan(machine("lvm-root"), wish(on(place, imagefs="75%", nodefs="rest")))
    made = [(step.purpose, step.size // GIB) for step in planned.steps if isinstance(step, MakeLogical)]
    assert made == [(Purpose.IMAGEFS, 150), (Purpose.NODEFS, 50)]


def test_a_group_that_is_not_there_is_refused_with_those_that_are() -> None:
    planned = plan(machine("lvm-root"), wish(on({"volume_group": "data"}, imagefs="rest")))
    assert planned.refusals == ("there is no volume group 'data'; there are: vg0",)


def test_a_borrowed_desktop_gives_files_inside_what_its_owner_allows() -> None:
    place = {"folder": "/var/lib/nightfleet/disks", "space": "50GiB", "keep_free": "30GiB"}
    planned = plan(machine("windows-bitlocker"), wish(on(place, imagefs="30GiB", nodefs="rest")))
    made = [
        (step.path.rpartition("/")[2], step.size // GIB)
        for step in planned.steps
        if isinstance(step, MakeImage)
    ]
    assert made == [("imagefs.img", 30), ("nodefs.img", 20)]
    assert planned.volumes[0].what == "/var/lib/nightfleet/disks/imagefs.img"


def test_the_owner_keeps_what_the_site_promised() -> None:
    place = {"folder": "/var/lib/nightfleet/disks", "space": "50GiB", "keep_free": "60GiB"}
    (reason,) = plan(machine("windows-bitlocker"), wish(on(place, imagefs="rest"))).refusals
    assert "90 GiB are free, 50 GiB are needed, and 60 GiB stay with the owner" in reason


def test_at_least_twelve_machines_are_recorded() -> None:
    assert len(MACHINES) >= 12
