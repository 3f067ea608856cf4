"""Claims about `nightfleet depot` on the command line."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from nightfleet.cli.depot import app, chosen
from nightfleet.cli.depot_progress import progress
from nightfleet.depot.cache import Cache
from nightfleet.depot.events import Event, Step
from nightfleet.depot.model import Stored
from nightfleet.depot.test_cache import add
from nightfleet.errors import Exit, NightfleetError

RUN = CliRunner()


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stored:
    """Fill the operator's depot with one file."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return add(Cache(), "tool", b"tool")


def test_list_shows_what_is_here_and_what_the_lock_has_more(stored: Stored) -> None:
    output = RUN.invoke(app, ["list"]).output
    assert stored.sha256[:12] in output
    assert [line.split()[-1] for line in output.splitlines() if "kubelet" in line] == ["no", "no"]


def test_list_for_machines_says_whether_the_file_is_present(stored: Stored) -> None:
    Cache().path(stored).unlink()
    (row,) = json.loads(RUN.invoke(app, ["list", "--json"]).output)
    assert (row["name"], row["present"]) == ("tool", False)


def test_verify_ends_with_1_and_names_the_bad_file(stored: Stored) -> None:
    assert RUN.invoke(app, ["verify"]).exit_code == Exit.DONE
    Cache().path(stored).write_bytes(b"TOOL")
    result = RUN.invoke(app, ["verify"])
    assert result.exit_code == Exit.FAILED
    assert str(Cache().path(stored)) in result.output
    assert "verify --repair" in result.output
    assert json.loads(RUN.invoke(app, ["verify", "--repair", "--json"]).stdout)["removed"] is True
    assert RUN.invoke(app, ["verify"]).exit_code == Exit.DONE


def test_words_of_the_command_line_become_artifacts_with_versions() -> None:
    assert chosen(["helm", "etcd@3.6.8", "kubelet", "images"], []) == (
        ("helm", "3.18.4"),
        ("etcd", "3.6.8"),
        ("kubelet", "1.36.3"),
        ("images", "1.36.3"),
    )
    assert chosen(["kubelet", "images"], ["1.35.4"]) == (("kubelet", "1.35.4"), ("images", "1.35.4"))


def test_two_kubernetes_versions_are_two_sets_that_share_the_rest() -> None:
    wanted = chosen([], ["1.36.3", "1.35.4"])
    assert [version for name, version in wanted if name == "kubelet"] == ["1.36.3", "1.35.4"]
    assert [name for name, _ in wanted].count("runc") == 1


def test_an_unknown_artifact_is_a_usage_error() -> None:
    with pytest.raises(NightfleetError, match="unknown artifact: 'kublet'") as caught:
        chosen(["kublet"], [])
    assert caught.value.exit_code is Exit.USAGE


@pytest.mark.parametrize("command", ["fetch", "list", "verify", "serve", "pin"])
def test_every_command_has_an_example(command: str) -> None:
    assert f"nightfleet depot {command}" in RUN.invoke(app, [command, "--help"]).output


EVENTS = (
    Event(Step.CACHED, "runc 1.4.3"),
    Event(Step.DOWNLOAD, "kubelet 1.36.3", "http://upstream/kubelet", 1, 3),
    Event(Step.DOWNLOAD, "kubelet 1.36.3", "http://upstream/kubelet", 3, 3),
    Event(Step.STORED, "kubelet 1.36.3", "upstream", 3, 3),
    Event(Step.BUILD, "containerd 2.3.4", "one/package", 1),
    Event(Step.BUILD, "containerd 2.3.4", "another/package", 2),
    Event(Step.PACK, "containerd 2.3.4"),
    Event(Step.STORED, "containerd 2.3.4", "gomod", 9, 9),
)


def test_without_a_terminal_each_step_is_one_line() -> None:
    console = Console(file=io.StringIO(), width=60)
    with progress(console) as tell:
        for event in EVENTS:
            tell(event)
    output = console.file.getvalue()  # type: ignore[attr-defined]
    assert [line.split()[2] for line in output.splitlines()] == [
        "cached",
        "download",
        "stored",
        "build",
        "stored",
    ]


def test_on_a_terminal_what_is_done_leaves_its_bar_and_becomes_a_line() -> None:
    console = Console(file=io.StringIO(), width=120, force_terminal=True)
    with progress(console) as tell:
        for event in EVENTS:
            tell(event)
        assert tell.__self__.task_ids == []  # type: ignore[attr-defined]
    output = console.file.getvalue()  # type: ignore[attr-defined]
    assert "stored    containerd 2.3.4  gomod" in output
