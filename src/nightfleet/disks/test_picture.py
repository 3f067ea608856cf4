"""Claims about the picture of a machine's disks."""

import pytest

from nightfleet.disks.conftest import MACHINES, answer, machine, wish
from nightfleet.disks.look import read
from nightfleet.disks.picture import WIDTH, picture, shares
from nightfleet.disks.plan import plan

FINISHED = """\
/dev/vdb  100 GiB  virtio  serial NIGHT0001  [of the layout]
┌────────────────────────────────┬─────────────────┬────────────────────────────────┬────────┐
│imagefs                         │nodefs           │scratch                         │free    │
│40 GiB xfs                      │20 GiB xfs       │38 GiB xfs                      │2 GiB   │
│/var/lib/containerd             │/var/lib/kubelet │/scratch                        │        │
└────────────────────────────────┴─────────────────┴────────────────────────────────┴────────┘"""


def test_a_finished_layout_is_drawn_with_sizes_and_mount_points() -> None:
    drawn = "\n".join(picture(machine("finished"), plan(machine("finished"), wish())))
    assert drawn.endswith(FINISHED), drawn


def test_what_is_planned_is_marked() -> None:
    drawn = "\n".join(picture(machine("blank"), plan(machine("blank"), wish())))
    assert "│+ imagefs " in drawn


def test_without_a_plan_an_empty_disk_is_called_so() -> None:
    assert "/dev/vdb  100 GiB  virtio  serial NIGHT0001  [empty]" in picture(machine("blank"))


def test_a_container_is_not_drawn_with_the_disks_of_its_machine() -> None:
    inside = read([*answer("blank")[:-1], "== container", "systemd-nspawn", "== end"])
    assert picture(inside) == ["a container (systemd-nspawn): it has no disks of its own"]
    (refusal,) = plan(inside, wish()).refusals
    assert "a container (systemd-nspawn) has no disks of its own" in refusal


@pytest.mark.parametrize("name", MACHINES)
def test_every_disk_is_drawn_as_wide_as_the_others(name: str) -> None:
    frames = [line for line in picture(machine(name)) if line.startswith(("┌", "│", "└"))]
    assert {len(line) for line in frames} == {WIDTH + 2}


@pytest.mark.parametrize("sizes", [[1], [1, 1000], [1, 1, 1, 1000], [5] * 7], ids=str)
def test_columns_add_up_and_none_is_too_narrow(sizes: list[int]) -> None:
    widths = shares(sizes)
    assert sum(widths) + len(widths) - 1 == WIDTH
    assert min(widths) >= 8
