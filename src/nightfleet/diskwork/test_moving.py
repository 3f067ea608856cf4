"""Claims about carrying a move out: whom it asks first, and what it says when a step fails."""

import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from nightfleet.cluster.ssh import Said
from nightfleet.disks.conftest import answer
from nightfleet.diskwork.move import MovePlan, Step
from nightfleet.diskwork.moving import RUN, WORDS, Move, Wishes
from nightfleet.errors import NightfleetError
from nightfleet.site import Site

USED = "used 4096 /var/lib/containerd\nused 4096 /var/lib/kubelet\n"


class Node:
    """A shell to a working node; `here` is what it says about a move."""

    def __init__(self, here: str) -> None:
        self.here = here

    def run(self, node: str, *_: str, **__: float) -> Said:
        return Said(node, 0, "\n".join(answer("live-node")), "")

    def map(self, names: Iterable[str], act: Callable[[str], Said]) -> dict[str, Said]:
        return {name: act(name) for name in names}

    def ask(self, node: str, script: str, **_: float) -> str:
        if script.endswith("\nlook"):
            return self.here
        raise NightfleetError("the copy differs", node, "ssh to it by hand")


class Cluster:
    """An API server whose nodes have no labels."""

    def find(self, path: str) -> Any:
        return {
            "metadata": {"name": path.rpartition("/")[2], "annotations": {"nightfleet/cordoned-by": RUN}},
            "spec": {"unschedulable": True},
        }


@pytest.fixture(autouse=True)
def nobody_before(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Begin without a kubeconfig."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def move(site: Site, here: str, api: Any = None) -> Move:
    """Return a move of n1, which the site file calls a control plane."""
    one = Move(site, "n1", Wishes(anyway="a test"), Node(here))  # type: ignore[arg-type]
    one.api = api
    return one


def test_a_control_plane_of_the_site_is_refused_without_a_cluster_to_ask(site: Site) -> None:
    reasons = move(site, f"member\n{USED}").planned().refusals
    assert any("its etcd would stop" in reason for reason in reasons)
    assert any("its pods could not leave" in reason for reason in reasons)


def test_a_control_plane_of_the_site_is_refused_when_its_label_lacks(site: Site) -> None:
    (reason,) = move(site, f"member\n{USED}", Cluster()).planned().refusals
    assert "its etcd would stop" in reason


def test_a_machine_that_is_no_member_yet_may_move(site: Site) -> None:
    assert move(site, USED).planned().refusals == ()


def test_a_failed_copy_names_the_way_back(site: Site) -> None:
    with pytest.raises(NightfleetError, match="the copy differs") as error:
        move(site, "held\n").run(MovePlan("n1", (Step.COPY,)), lambda *_: None)
    assert error.value.hint.endswith("nightfleet disks migrate --back n1 --site s")


def test_the_way_back_lifts_the_cordon_of_a_move_that_stopped_nothing(site: Site) -> None:
    assert move(site, USED, Cluster()).planned_back().steps[-1] is Step.OPEN
    assert move(site, USED).planned_back().steps == ()


@pytest.mark.parametrize("mark", ["", "aside-imagefs"])
def test_copies_go_from_the_new_filesystem_unless_a_folder_has_made_room(tmp_path: Path, mark: str) -> None:
    new, state = tmp_path / "at", tmp_path / "state"
    for folder in (new / "lost+found", new / "snapshots", state):
        folder.mkdir(parents=True)
    (new / "blob").write_text("copied")
    (state / "begun-imagefs").write_text("xfs rw /dev/disk/by-uuid/x\n")
    (state / (mark or "copied-imagefs")).touch()
    words = WORDS.replace("/var/lib/nightfleet/moving", str(state)).replace(
        "/run/nightfleet/moving", str(new)
    )
    mounts = f'{words}\nmountpoint() {{ false; }}\nmount() {{ echo "$@"; }}\numount() {{ :; }}\nemptied'
    done = subprocess.run(["sh", "-c", mounts], capture_output=True, text=True, check=False)
    if mark:
        assert (done.returncode, (new / "blob").exists()) == (3, True)
    else:
        assert done.stdout == f"-t xfs -o rw /dev/disk/by-uuid/x {new}\n", done.stderr
        assert [path.name for path in new.iterdir()] == ["lost+found"]
