"""Claims about giving up a disk: only by its exact serial, only what the layout uses, never in use."""

from dataclasses import replace

import pytest

from nightfleet.cluster.ssh import Said
from nightfleet.disks.conftest import answer, on, wish
from nightfleet.disks.plan import plan
from nightfleet.disks.steps import script
from nightfleet.disks.volume import Wish
from nightfleet.diskwork.erase import erasures, parse
from nightfleet.diskwork.survey import Opened, Surveyed, judged
from nightfleet.errors import Exit, NightfleetError
from nightfleet.site import Site
from nightfleet.site.disks import Layout


def surveyed(site: Site, machine: str, opened: Opened) -> list[Surveyed]:
    """Return what a survey of node n1 says when it is this machine."""
    said = Said("n1", 0, "\n".join(answer(machine)), "")
    return [judged(site, said, opened.get("n1", frozenset()))]


def test_a_consent_names_a_node_and_the_exact_serial() -> None:
    assert parse(["n1:A1", "n1:B2"], ["n1"]) == {"n1": frozenset({"A1", "B2"})}


@pytest.mark.parametrize("word", ["n1", "n1:", ":A1", "n1:*", "n2:A1", "n1:A?"])
def test_anything_else_is_no_consent(word: str) -> None:
    with pytest.raises(NightfleetError) as error:
        parse([word], ["n1"])
    assert error.value.exit_code is Exit.USAGE


def test_what_is_lost_is_said_before(site: Site) -> None:
    opened = parse(["n1:NIGHT0001"], ["n1"])
    (step,) = erasures(surveyed(site, "whole-disk-ext4", opened), opened)["n1"]
    assert step.says() == "erase /dev/vdb (serial NIGHT0001, 100 GiB), with ext4"


@pytest.mark.parametrize("machine", ["blank", "finished"], ids=["empty", "ours"])
def test_a_disk_that_needs_no_erasing_is_not_erased(site: Site, machine: str) -> None:
    opened = parse(["n1:NIGHT0001"], ["n1"])
    with pytest.raises(NightfleetError, match="nothing is to be erased") as error:
        erasures(surveyed(site, machine, opened), opened)
    assert error.value.exit_code is Exit.REFUSED


def test_a_disk_that_the_layout_does_not_use_is_not_erased(site: Site) -> None:
    opened = parse(["n1:NIGHT0007"], ["n1"])
    with pytest.raises(NightfleetError):
        erasures(surveyed(site, "whole-disk-ext4", opened), opened)


def two_name_spaces(site: Site, given: str) -> tuple[list[Surveyed], Opened]:
    """Return a survey of a machine with two disks of one serial, of which `given` was given up."""
    (one,) = surveyed(site, "whole-disk-ext4", {})
    assert one.found
    first = replace(one.found.devices["/dev/vdb"], wwn="eui.1", names=("nvme-1",))
    second = replace(first, name="/dev/vdc", wwn="eui.2", names=("nvme-2",))
    found = replace(one.found, devices={first.name: first, second.name: second})
    opened = frozenset({given})
    layout = Layout.model_validate(on({"id": "nvme-1"}, imagefs="rest"))
    return [replace(one, found=found, planned=plan(found, Wish("s", "n1", layout, opened)))], {"n1": opened}


def test_a_serial_of_several_disks_opens_none_and_the_name_of_one_does(site: Site) -> None:
    with pytest.raises(NightfleetError, match="NIGHT0001 is the serial of /dev/vdb, /dev/vdc") as error:
        erasures(*two_name_spaces(site, "NIGHT0001"))
    assert "disks apply --erase n1:eui.1" in error.value.what
    (step,) = erasures(*two_name_spaces(site, "eui.1"))["n1"]
    assert step.disk.name == "/dev/vdb"


def test_a_node_that_is_refused_for_another_reason_loses_nothing(site: Site) -> None:
    opened = parse(["n1:NIGHT0001"], ["n1"])
    with pytest.raises(NightfleetError, match="nothing was erased"):
        erasures(surveyed(site, "no-free-disk", opened), opened)


def test_a_node_that_does_not_answer_is_unknown(site: Site) -> None:
    assert judged(site, Said("n1", 255, "", "no route"), frozenset()).silent == "no route"
    assert "cut off" in judged(site, Said("n1", 0, "== lsblk\n{}", ""), frozenset()).silent


def test_the_script_looks_at_the_disk_once_more_before_it_erases(site: Site) -> None:
    opened = parse(["n1:NIGHT0001"], ["n1"])
    steps = erasures(surveyed(site, "whole-disk-ext4", opened), opened)["n1"]
    assert script(steps).splitlines()[-2:] == [
        f"same /dev/vdb {100 << 30} NIGHT0001",
        "opened /dev/vdb",
    ]


def test_the_identity_of_a_filesystem_is_of_one_node_alone() -> None:
    volumes = wish().layout.volumes
    assert len({wish(node=node).uuid(purpose) for node in ("n1", "n2") for purpose in volumes}) == 6
