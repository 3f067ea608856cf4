"""The small example by Heat: the same machines, the same site."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cloud.box import Box, wait_until
from cloud.project import NIGHTFLEET, SITE
from cloud.stack import Stack


@pytest.fixture(scope="module")
def stack(box: Box) -> Iterator[Stack]:
    """The stack; gone in the end."""
    there = Stack(box)
    try:
        yield there
    finally:
        there.delete()


def test_heat_makes_the_same_machines(stack: Stack, box: Box) -> None:
    stack.do("CREATE")
    assert {one.name: one.status for one in box.member.compute.servers()} == {
        "small-c1": "ACTIVE",
        "small-w1": "ACTIVE",
        "small-w2": "ACTIVE",
    }


def test_its_output_is_a_site_too(stack: Stack, tmp_path: Path) -> None:
    site = tmp_path / "site.yaml"
    site.write_text(SITE.format(name="small", example="small"))
    stack.hand_over(tmp_path)
    command = [*NIGHTFLEET, "site", "show", "--site", str(site), "--json"]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    assert [node["name"] for node in json.loads(said.stdout)["nodes"]] == ["small-c1", "small-w1", "small-w2"]


def test_a_name_taken_out_of_the_middle_costs_the_machine_behind_it(stack: Stack, box: Box) -> None:
    """Why Terraform is the first choice: Heat counts, so the last member goes, whatever its name is.

    The first one then is to take over its address, which may still be taken: the update is asked for again.
    """
    first, second = box.server("small-w1").id, box.server("small-w2").id
    disk = box.member.block_storage.find_volume("small-w2-imagefs", ignore_missing=False).id
    stack.parameters["workers"] = {"small-w2": "192.168.61.22"}
    ends = ("UPDATE_COMPLETE", "UPDATE_FAILED")
    stack.begin()
    wait_until(lambda: stack.status() in ends, "the first update comes to an end", 300)
    if stack.status() == "UPDATE_FAILED":
        assert "192.168.61.22 already allocated" in stack.reason()
        stack.begin()
        wait_until(lambda: stack.status() == "UPDATE_COMPLETE", "the second update", 300)
    assert {one.name: one.id for one in box.member.compute.servers()}["small-w2"] == first
    assert second not in {one.id for one in box.member.compute.servers()}
    assert disk not in {one.id for one in box.member.block_storage.volumes()}


def test_heat_leaves_nothing(stack: Stack, box: Box) -> None:
    stack.delete()
    assert box.left() == {}
