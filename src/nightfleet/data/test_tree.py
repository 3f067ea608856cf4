"""What a node says of a folder, and which names a bag can hold."""

import subprocess
from pathlib import Path

import pytest

from nightfleet.data.tree import Entry, Tree, faults, listing, question, read


def entry(path: str, kind: str = "f") -> Entry:
    return Entry(kind, 1, "1732831234.5", "644", 0, 0, path)


def test_a_folder_is_read_as_find_tells_it(tmp_path: Path) -> None:
    (tmp_path / "a\tb").write_text("four")
    (tmp_path / "c\nd").mkdir()
    (tmp_path / "link").symlink_to("a\tb")
    said = subprocess.run(["sh", "-c", question(str(tmp_path))], capture_output=True, text=True, check=True)
    tree = read(said.stdout)
    assert [(one.kind, one.path, one.target) for one in tree.entries] == [
        ("f", "a\tb", ""),
        ("d", "c\nd", ""),
        ("l", "link", "a\tb"),
    ]
    assert (tree.size, tree.others) == (4, ())


def test_an_answer_that_was_cut_off_is_none() -> None:
    with pytest.raises(ValueError, match="words"):
        read("f\012\0")


@pytest.mark.parametrize("path", ["a%0Ab", "no\ufffdutf8", "/etc/passwd", "a/../../b"])
def test_a_name_that_a_bag_cannot_hold_is_told(path: str) -> None:
    assert list(faults(Tree((entry(path),))))


@pytest.mark.parametrize("path", ["a b", "ü", "100%", "a%25", "..x", "a\nb"])
def test_every_other_name_is_held(path: str) -> None:
    assert not list(faults(Tree((entry(path),))))


def test_each_line_of_the_list_is_one_entry() -> None:
    assert len(listing([entry("a\nb"), entry("c", "d")]).splitlines()) == 2
