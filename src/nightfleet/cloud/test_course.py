"""Claims about what is written beside the configuration and the site."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nightfleet.cloud.course import ADOPTED, backend_text, killed_since, taking_over, write
from nightfleet.cloud.orphans import Adoption
from nightfleet.ledger import Entry, Event
from nightfleet.site.load import load_before_it_is_made

TEXT = """\
site: small
cloud:
  directory: terraform
classes:
  box: {kind: vm}
connection: {user: debian, key: key}
network: {pods: 10.1.0.0/16, services: 10.2.0.0/16, cni: routed}
"""


def backend(tmp_path: Path, more: str = "") -> dict[str, dict[str, str]]:
    """What backend.tf.json says for a site with this in its section `cloud`."""
    path = tmp_path / "site.yaml"
    path.write_text(TEXT.replace("classes:", f"{more}classes:"))
    found: dict[str, dict[str, str]] = json.loads(backend_text(load_before_it_is_made(path)))["terraform"][
        "backend"
    ]
    return found


def test_a_state_is_kept_with_the_site_and_not_in_the_clone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/var/state")
    assert backend(tmp_path) == {"local": {"path": "/var/state/nightfleet/small/terraform.tfstate"}}


def test_another_backend_is_written_as_the_site_says(tmp_path: Path) -> None:
    said = "  backend: {type: s3, settings: {bucket: state, key: gpu.tfstate}}\n"
    assert backend(tmp_path, said) == {"s3": {"bucket": "state", "key": "gpu.tfstate"}}


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
        pytest.param("bf", None, id="failed"),
        pytest.param("b", 0, id="killed"),
        pytest.param("bdb", 2, id="killed-after-one-that-was-done"),
        pytest.param("bbf", 0, id="failed-after-it-was-killed"),
        pytest.param("bbfbb", 0, id="killed-again-and-again"),
        pytest.param("bbd", None, id="gone-on-with"),
    ],
)
def test_what_was_killed_is_known_until_one_is_done(events: str, since: int | None) -> None:
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
