"""The script that puts files and links in place, really run by sh."""

import getpass
import grp
import os
import signal
import subprocess
from pathlib import Path

import pytest

from deploys.hostops.facts import Paths
from deploys.hostops.paths import commands
from deploys.hostops.state import PathState, parse_paths
from deploys.hostops.wanted import File, Link

ME = {"owner": getpass.getuser(), "group": grp.getgrgid(os.getgid()).gr_name}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path_factory.mktemp("stages")))


def run(script: str, stdin: str, **environment: str) -> int:
    done = subprocess.run(
        ["sh", "-c", script], input=stdin, text=True, check=False, env={**os.environ, **environment}
    )
    return done.returncode


def look(*paths: Path | str) -> dict[str, PathState]:
    """Ask the question that deploys ask, here."""
    command = Paths().command([str(path) for path in paths])
    output = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True).stdout
    return parse_paths(output.splitlines())


def test_files_and_links_agree_once_they_are_placed(tmp_path: Path) -> None:
    secret = File(f"{tmp_path}/new folder/secret", "it's a \\ $HOME\n", 0o600, **ME)
    plain = File(f"{tmp_path}/plain.conf", "", 0o644, **ME)
    link = Link(f"{tmp_path}/links/here", "/nowhere")
    surplus = tmp_path / "surplus"
    surplus.touch()
    assert run(*commands([secret, plain], [link], [str(surplus)])) == 0
    found = look(secret.path, plain.path, link.path, surplus)
    assert secret.agrees(found[secret.path])
    assert plain.agrees(found[plain.path])
    assert link.agrees(found[link.path])
    assert str(surplus) not in found
    assert len(list(tmp_path.rglob("*"))) == 5  # two folders, two files, a link: nothing else is left


def test_content_is_on_standard_input_and_never_in_the_script() -> None:
    script, stdin = commands([File("/etc/secret", "swordfish")], [], [])
    assert "swordfish" not in script
    assert "swordfish" not in stdin  # nor readable at a glance: it is a tar in base64


def test_nothing_is_written_to_a_script_that_reads_nothing() -> None:
    _, stdin = commands([], [Link("/etc/here", "/nowhere")], ["/etc/surplus"])
    assert stdin == ""


def test_a_link_takes_the_place_of_a_link_to_a_folder_and_does_not_go_into_it(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "link").symlink_to("old")
    link = Link(f"{tmp_path}/link", "new")
    assert run(*commands([], [link], [])) == 0
    assert link.agrees(look(link.path)[link.path])
    assert not list((tmp_path / "old").iterdir())


@pytest.mark.parametrize("moment", ["base64", "tar", "chown", "cp", "mv"])
def test_a_kill_at_any_moment_leaves_the_old_file_or_the_new_one_whole(tmp_path: Path, moment: str) -> None:
    file = File(f"{tmp_path}/file", "new", **ME)
    Path(file.path).write_text("old")
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / moment).write_text("#!/bin/sh\nkill -9 $PPID\n")
    (programs / moment).chmod(0o755)
    assert run(*commands([file], [], []), PATH=f"{programs}:{os.environ['PATH']}") == -signal.SIGKILL
    assert Path(file.path).read_text() == "old"
    assert run(*commands([file], [], [])) == 0
    assert file.agrees(look(file.path)[file.path])


def test_a_file_with_a_backslash_in_its_name_is_known_again(tmp_path: Path) -> None:
    file = File(f"{tmp_path}/dev-disk-by\\x2duuid-1.swap", "new", **ME)
    assert run(*commands([file], [], [])) == 0
    assert file.agrees(look(file.path)[file.path])


def test_what_a_link_leads_to_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "large").write_text("content")
    (tmp_path / "link").symlink_to("large")
    found = look(tmp_path / "link", tmp_path / "missing", tmp_path)
    assert (found[f"{tmp_path}/link"].kind, found[f"{tmp_path}/link"].sha256) == ("l", "")
    assert set(found) == {f"{tmp_path}/link", str(tmp_path)}


def test_a_path_with_spaces_and_quotes_is_asked_for_as_it_is(tmp_path: Path) -> None:
    odd = tmp_path / "it's an odd  name"
    odd.write_text("content")
    assert look(odd)[str(odd)].sha256
