"""Claims about what stands beside the configuration, and of what was killed."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from nightfleet.cloud.beside import write
from nightfleet.cloud.budget import Budget
from nightfleet.cloud.course import ADOPTED, Judged, allowing_everything, killed_since, taking_over
from nightfleet.cloud.guard import judge
from nightfleet.cloud.occupied import Occupied
from nightfleet.cloud.orphans import Adoption
from nightfleet.cloud.planfile import Change
from nightfleet.ledger import Entry, Event


def test_a_file_that_says_so_already_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "outputs.json"
    write(path, "{}\n")
    before = path.stat().st_mtime_ns
    write(path, "{}\n")
    assert path.stat().st_mtime_ns == before
    write(path, "[]\n")
    assert path.read_text() == "[]\n"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("events", "since"),
    [
        pytest.param("", None, id="nothing"),
        pytest.param("bd", None, id="done"),
        pytest.param("bf", 0, id="failed"),
        pytest.param("b", 0, id="killed"),
        pytest.param("bdb", 2, id="killed-after-one-that-was-done"),
        pytest.param("bbf", 0, id="failed-after-it-was-killed"),
        pytest.param("bbfbb", 0, id="killed-again-and-again"),
        pytest.param("bbd", None, id="gone-on-with"),
        pytest.param("bfbd", None, id="failed-and-gone-on-with"),
    ],
)
def test_what_was_killed_or_failed_is_known_until_one_is_done(events: str, since: int | None) -> None:
    words = {"b": Event.BEGUN, "d": Event.DONE, "f": Event.FAILED}
    entries = [
        Entry(
            at=datetime(2026, 1, 1, minute=number, tzinfo=UTC),
            by="me",
            run="cloud",
            step="apply",
            event=words[one],
        )
        for number, one in enumerate(events)
    ]
    assert killed_since(entries) == (None if since is None else entries[since].at)


def test_what_is_taken_over_stands_beside_the_configuration_only_while_it_is_planned(tmp_path: Path) -> None:
    path = tmp_path / ADOPTED
    path.write_text("of a plan that was killed")
    with taking_over(tmp_path, [Adoption('module.nodes.a.b["w1"]', "id", "a b")]):
        assert json.loads(path.read_text()) == {"import": [{"to": 'module.nodes.a.b["w1"]', "id": "id"}]}
    assert not path.exists()
    path.write_text("of a plan that was killed")
    with taking_over(tmp_path, []):
        assert not path.exists()


def test_whose_work_goes_with_everything_is_told(
    tmp_path: Path, plan: Callable[..., tuple[Change, ...]], instance: Callable[..., dict[str, Any]]
) -> None:
    changes = plan(instance("os-w1", "delete"), instance("os-w2", "delete"))
    busy = Occupied(pods={"os-w1": ("ml/train-0",)})
    judged = Judged(tmp_path, changes, judge(changes, busy), Budget({}, (), (), 0.0, ""), {}, busy)
    assert not judged.may_go
    anew = allowing_everything(judged)
    assert anew.may_go
    assert "os-w1 would be destroyed, and 1 pods run there: ml/train-0" in anew.verdict.warnings
