"""A cluster's machines from the first apply to the last destroy, by the real provider on real services.

The claims build on each other, in the order of the file.
"""

import json
import subprocess

import pytest
from cloud.box import ROOT, Box
from cloud.project import NIGHTFLEET, Project

PREFIX = "module.nodes.openstack_"
PARTS = {
    "networking_port_v2.node": "",
    "compute_instance_v2.node": "",
    "blockstorage_volume_v3.data": "/imagefs",
    "compute_volume_attach_v2.data": "/imagefs",
}


def counts(plan: dict[str, dict[str, dict[str, int]]]) -> dict[str, int]:
    """Return what a plan would do, without what it would not."""
    return {word: number for word, number in plan["verdict"]["counts"].items() if number}


def test_an_apply_makes_the_machines_and_says_what_is_next(small: Project, box: Box) -> None:
    said = small.run("apply")
    assert "next: nightfleet converge" in said.stdout
    assert {one.name: one.status for one in box.member.compute.servers()} == {
        "small-c1": "ACTIVE",
        "small-w1": "ACTIVE",
    }


def test_a_second_plan_is_empty(small: Project) -> None:
    assert counts(small.plan()) == {}
    assert "nothing to do" in small.run("apply").stdout


def test_what_was_made_is_a_site(small: Project, box: Box) -> None:
    command = [*NIGHTFLEET, "site", "show", "--site", str(small.site), "--json"]
    said = subprocess.run(command, env=small.environment, capture_output=True, text=True, check=True)
    nodes = {node["name"]: node for node in json.loads(said.stdout)["nodes"]}
    assert {name: node["address"] for name, node in nodes.items()} == {
        "small-c1": "192.168.61.11",
        "small-w1": "192.168.61.21",
    }
    handover = json.loads(small.run("output", "--json").stdout)
    volume = handover["nodes"]["small-w1"]["volumes"]["imagefs"]["id"]
    assert box.member.block_storage.get_volume(volume).attachments


def test_pyinfra_reads_its_inventory_from_the_outputs(small: Project) -> None:
    hosts = small.place / "hosts.py"
    hosts.write_bytes((ROOT / "inventory" / "openstack" / "hosts.py").read_bytes())
    script = "import runpy, sys; print(sorted(runpy.run_path(sys.argv[1])['worker'])[0][0])"
    said = subprocess.run(
        [NIGHTFLEET[0], "-c", script, str(hosts)], capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == "small-w1"


def test_another_worker_touches_no_other(small: Project, box: Box) -> None:
    before = box.server("small-w1").id
    small.say(workers={"small-w1": "192.168.61.21", "small-w2": "192.168.61.22"})
    assert set(counts(small.plan())) == {"create"}
    small.run("apply")
    assert box.server("small-w1").id == before
    assert box.server("small-w2").status == "ACTIVE"


def test_a_new_name_without_a_moved_block_is_refused_and_the_block_is_printed(small: Project) -> None:
    small.say(workers={"small-a1": "192.168.61.21", "small-w2": "192.168.61.22"})
    said = small.refused("apply")
    assert "small-w1/imagefs would be deleted with its data" in said
    assert f'from = {PREFIX}blockstorage_volume_v3.data["small-w1/imagefs"]' in said
    assert f'to = {PREFIX}blockstorage_volume_v3.data["small-a1/imagefs"]' in said


def test_with_moved_blocks_the_same_machine_gets_the_name(small: Project, box: Box) -> None:
    before = box.server("small-w1").id
    moved = [
        f'moved {{\n  from = {PREFIX}{part}["small-w1{use}"]\n  to   = {PREFIX}{part}["small-a1{use}"]\n}}\n'
        for part, use in PARTS.items()
    ]
    (small.directory / "moved.tf").write_text("\n".join(moved))
    assert set(counts(small.plan())) <= {"update"}
    small.run("apply")
    assert box.server("small-a1").id == before
    assert counts(small.plan()) == {}


def test_a_new_image_is_refused_for_all_and_goes_one_by_one(small: Project, box: Box) -> None:
    small.say(image="debian-13")
    said = small.refused("apply")
    assert "3 nodes would be harmed at once, at most 1 may be" in said
    assert "forced by image_id" in said
    before = box.server("small-w2")
    small.run("apply", "--only", "small-w2")
    after = box.server("small-w2")
    assert after.id == before.id
    assert after.image.id != before.image.id
    assert box.server("small-a1").image.id == before.image.id
    small.say(image="debian-12")
    small.run("apply", "--only", "small-w2")


def test_a_new_image_goes_round_by_one_command(small: Project, box: Box) -> None:
    """Without a cluster, which guests that do not boot cannot have: the order, and one machine at a time."""
    before = {one.name: one.id for one in box.member.compute.servers()}
    small.say(image="debian-13")
    assert json.loads(small.run("roll", "--dry-run", "--json").stdout) == {
        "nodes": ["small-a1", "small-w2", "small-c1"]
    }
    small.run("roll", "small-w2")
    assert {one.name for one in box.member.compute.servers() if one.image.id != box.image("debian-13")} == {
        "small-a1",
        "small-c1",
    }
    small.run("roll")
    assert {one.image.id for one in box.member.compute.servers()} == {box.image("debian-13")}
    assert {one.name: one.id for one in box.member.compute.servers()} == before
    assert "nothing to do" in small.run("roll").stdout
    assert counts(small.plan()) == {}


def test_what_does_not_fit_is_refused_before_anything_is_made(small: Project, box: Box) -> None:
    box.quota(cores=4)
    try:
        small.say(
            workers={
                "small-a1": "192.168.61.21",
                **{f"small-w{i}": f"192.168.61.{20 + i}" for i in range(2, 7)},
            }
        )
        said = small.refused("apply")
    finally:
        box.quota(cores=60)
        small.say(workers={"small-a1": "192.168.61.21", "small-w2": "192.168.61.22"})
    assert "it does not fit: cores: 4 more are needed, 1 of 4 are left" in said
    assert box.member.compute.find_server("small-w3") is None


def test_a_volume_does_not_become_smaller(small: Project) -> None:
    small.say(disk=2)
    small.run("apply")
    small.say(disk=1)
    assert "made smaller, which no cloud does" in small.refused("apply")
    small.say(disk=2)


def test_the_doctor_finds_the_machines_well(small: Project) -> None:
    checks = json.loads(small.run("doctor", "--json", fine=(0, 1)).stdout)
    found = {check["check"]: check["status"] for check in checks}
    assert found["terraform"] == found["compute"] == found["block-storage"] == found["machines"] == "ok"
    assert found["credentials"] == "warn"  # a password, not an application credential
    assert "left over" not in found


def test_nothing_is_destroyed_unless_the_site_is_named(small: Project, box: Box) -> None:
    said = small.refused("destroy")
    assert "would be deleted with its data" in said
    assert box.server("small-c1").status == "ACTIVE"


@pytest.mark.usefixtures("box")
def test_destroy_leaves_nothing(small: Project, box: Box) -> None:
    name = small.site.read_text().splitlines()[0].partition(": ")[2]
    small.run("destroy", "--everything", name)
    assert box.left() == {}
    assert not small.place.joinpath("outputs.json").exists()
