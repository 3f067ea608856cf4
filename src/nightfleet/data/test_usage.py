"""Who uses how much, as a node sums it."""

import os
import subprocess
from pathlib import Path
from shutil import which

import pytest

from nightfleet.cluster.ssh import Said
from nightfleet.data.place import Place
from nightfleet.data.usage import LOOSE, SCRIPT, Usage, read

PLACE = Place("n1", "/srv")


def measured(folder: Path) -> Usage:
    """Ask this machine as a node is asked."""
    done = subprocess.run(
        ["sh", "-c", SCRIPT.format(path=f"'{folder}'")], capture_output=True, text=True, check=False
    )
    return read(PLACE, Said("n1", done.returncode, done.stdout, done.stderr))


def test_every_folder_is_one_line_whatever_it_is_called(tmp_path: Path) -> None:
    for name, size in (("team a", 5000), ("line\nend", 100), (".hidden", 7)):
        (tmp_path / name / "deep").mkdir(parents=True)
        (tmp_path / name / "deep" / "file").write_bytes(b"x" * size)
    (tmp_path / "loose").write_bytes(b"x" * 3)
    found = measured(tmp_path)
    assert {one.name: (one.inodes, one.size) for one in found.folders} == {
        "team a": (3, 5000),
        "line\nend": (3, 100),
        ".hidden": (3, 7),
        LOOSE: (1, 3),
    }
    assert 0 < found.free <= found.total


def test_a_file_of_several_names_counts_once(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "one").write_bytes(b"x" * 4096)
    os.link(tmp_path / "a" / "one", tmp_path / "a" / "two")
    (found,) = measured(tmp_path).folders
    assert (found.inodes, found.size) == (2, 4096)


def test_a_folder_with_a_limit_of_its_own_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stat = tmp_path / "bin" / "stat"  # of XFS: a folder with a project quota is as large as that
    share = tmp_path / "share"
    for folder in (stat.parent, share / "limited", share / "open"):
        folder.mkdir(parents=True)
    stat.write_text(
        f'#!/bin/sh\n[ "$4" != ./limited ] || {{ printf \'4096 256\'; exit; }}\nexec {which("stat")} "$@"\n'
    )
    stat.chmod(0o755)
    monkeypatch.setenv("PATH", f"{stat.parent}:{os.environ['PATH']}")
    assert {one.name: one.limit for one in measured(share).folders} == {"limited": 1 << 20, "open": 0}


def test_an_empty_place_has_nobody(tmp_path: Path) -> None:
    assert measured(tmp_path).folders == ()


def test_a_place_that_is_not_there_is_unknown_and_not_empty(tmp_path: Path) -> None:
    found = measured(tmp_path / "nowhere")
    assert (found.folders, found.total) == ((), 0)
    assert "nowhere" in found.silent


@pytest.mark.parametrize("out", ["", "all\t1\n", "all\t4096\t1\t1\t1\t1\none\tx\0"])
def test_an_answer_that_was_cut_off_is_unknown(out: str) -> None:
    assert "cannot be read" in read(PLACE, Said("n1", 0, out, "")).silent
