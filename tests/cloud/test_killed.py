"""An apply that is killed with -9 in the middle, and the same command again."""

from cloud.box import Box
from cloud.project import Project


def test_the_same_command_goes_on_and_nothing_is_there_twice(small: Project, box: Box) -> None:
    small.say(workers={f"small-w{i}": f"192.168.61.{20 + i}" for i in range(1, 4)})
    for when in (2, 12, 18):
        with small.applying(when):
            pass  # what still runs is killed, Terraform too
    small.run("apply")
    servers = sorted(one.name for one in box.member.compute.servers())
    assert servers == ["small-c1", "small-w1", "small-w2", "small-w3"]
    assert sorted(one.name for one in box.member.block_storage.volumes()) == [
        f"small-w{i}-imagefs" for i in range(1, 4)
    ]
    assert small.plan()["verdict"]["counts"] == {"create": 0, "update": 0, "replace": 0, "delete": 0}


def test_a_destroy_takes_along_what_a_killed_apply_left_behind(small: Project, box: Box) -> None:
    everything = ("destroy", "--everything", small.site.read_text().splitlines()[0].partition(": ")[2])
    small.run(*everything)
    assert box.left() == {}
    with small.applying(14):
        pass
    assert box.left()
    small.run(*everything)
    assert box.left() == {}
