"""Claims about one node's turn in `nightfleet cloud roll`."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from openstack.exceptions import NotFoundException

from nightfleet.cli import cloud_roll
from nightfleet.cli.cloud_roll import Turn, console_of
from nightfleet.cloud.conftest import SITE
from nightfleet.cloud.terraform import Terraform
from nightfleet.errors import Exit, NightfleetError
from nightfleet.home import state_dir
from nightfleet.membership.leave import Wishes
from nightfleet.membership.left import Left
from nightfleet.site import Site, load_site


def outputs(identity: str) -> str:
    """What Terraform says when the worker has this id."""
    nodes = {
        "small-c1": {"role": "control_plane", "class": "box", "address": "192.168.61.11"},
        "small-w1": {
            "role": "worker",
            "class": "box",
            "address": "192.168.61.21",
            "instance_id": identity,
        },
    }
    value = {"schema": 1, "name": "small", "network": "192.168.61.0/24", "nodes": nodes}
    return json.dumps({"nightfleet": {"value": value}})


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A site whose machines are made, with a cluster."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "terraform").mkdir()
    (tmp_path / "outputs.json").write_text(outputs("old"))
    path = tmp_path / "site.yaml"
    path.write_text(SITE)
    state_dir("small").mkdir(parents=True)
    (state_dir("small") / "kubeconfig").touch()
    return load_site(path)


@pytest.fixture
def turn(site: Site) -> Turn:
    return Turn(site, "small-w1", Wishes())


def says(monkeypatch: pytest.MonkeyPatch, answer: Any) -> None:
    """Let the cloud answer so when it is asked for a console."""
    compute = SimpleNamespace(get_server_console_output=answer)
    monkeypatch.setattr(cloud_roll, "connect", lambda _section: SimpleNamespace(compute=compute))


def answering(asked: list[str]) -> Any:
    """Answer with a console, and note which machine was asked for."""

    def answer(server: str) -> dict[str, str]:
        asked.append(server)
        return {"output": "booted"}

    return answer


def test_a_machine_that_was_replaced_is_asked_by_its_new_id(
    turn: Turn, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    says(monkeypatch, answering(asked))
    monkeypatch.setattr(Turn, "leave", lambda _self: None)
    monkeypatch.setattr(
        Turn, "rebuild", lambda _self: site.path.with_name("outputs.json").write_text(outputs("new"))
    )
    monkeypatch.setattr(Turn, "join", lambda self: console_of(self.site, self.name))
    turn.run(waits=True)
    assert asked == ["new"]


def test_a_turn_that_was_killed_before_its_record_reads_it_anew(
    turn: Turn, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    says(monkeypatch, answering(asked))
    monkeypatch.setattr(Terraform, "output", lambda _self: outputs("new"))
    monkeypatch.setattr(Turn, "join", lambda self: console_of(self.site, self.name))
    turn.run(waits=False)
    assert asked == ["new"]


def test_a_machine_that_is_gone_is_made_and_not_drained(turn: Turn, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    for part in ("leave", "rebuild", "join"):
        monkeypatch.setattr(Turn, part, lambda _self, part=part: done.append(part))
    turn.run(waits=False, gone=True)
    assert done == ["rebuild", "join"]


def test_what_a_killed_turn_left_behind_is_taken_over(turn: Turn, monkeypatch: pytest.MonkeyPatch) -> None:
    def planned(_site: Site, only: list[str], _allowed: Any, go_on: bool = False) -> Any:
        assert (only, go_on) == (["small-w1"], True)
        raise NightfleetError("planned")

    monkeypatch.setattr(cloud_roll, "planned", planned)
    with pytest.raises(NightfleetError, match="planned"):
        turn.rebuild()


def test_a_console_that_cannot_be_read_is_an_error_with_a_way_out(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(_server: str) -> Any:
        raise NotFoundException("Instance old could not be found.")

    says(monkeypatch, missing)
    with pytest.raises(NightfleetError, match="Instance old could not be found") as error:
        console_of(site, "small-w1")
    assert "cloud output" in error.value.hint


@pytest.mark.parametrize(
    ("left", "code"),
    [
        pytest.param(Left("small-w1", fault="no route to host"), Exit.FAILED, id="something-failed"),
        pytest.param(Left("small-w1", held={"ml/train": "budget"}), Exit.REFUSED, id="pods-are-held"),
    ],
)
def test_what_failed_is_no_refusal(
    turn: Turn, monkeypatch: pytest.MonkeyPatch, left: Left, code: Exit
) -> None:
    class Leaving:
        def __init__(self, *_given: Any) -> None: ...

        def planned(self) -> None: ...

        def run(self, *_given: Any) -> Left:
            return left

    monkeypatch.setattr(cloud_roll, "Leave", Leaving)
    with pytest.raises(NightfleetError) as error:
        turn.leave()
    assert error.value.exit_code is code
