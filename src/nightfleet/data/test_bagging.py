"""A stream of files becomes a draft, wherever it is cut; a draft that is whole becomes a bag."""

import hashlib
import io
import subprocess
from pathlib import Path

import bagit
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nightfleet.data import manifest
from nightfleet.data.bagging import Draft, unpack
from nightfleet.data.tree import Entry, Tree, question, read
from nightfleet.errors import Exit, NightfleetError


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> tuple[tuple[Entry, ...], bytes]:
    """Return the files of a folder, and the tar of them as a node sends it."""
    folder = tmp_path_factory.mktemp("folder")
    for number in range(6):
        (folder / f"file {number}").write_bytes(bytes([number]) * 3000)
    said = subprocess.run(["sh", "-c", question(str(folder))], capture_output=True, text=True, check=True)
    files = read(said.stdout).files
    names = "".join(f"./{one.path}\0" for one in files).encode()
    tar = ["tar", "--create", "--format=pax", "--null", "--no-recursion", "--files-from=-", "--file=-"]
    return files, subprocess.run(tar, input=names, cwd=folder, capture_output=True, check=True).stdout


@given(cut=st.integers(0, 40000))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
def test_a_stream_that_is_cut_anywhere_leaves_whole_files_alone_and_the_next_completes(
    cut: int, sent: tuple[tuple[Entry, ...], bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    files, stream = sent
    folder = tmp_path_factory.mktemp("bag") / "name"
    wanted = {f"./{one.path}": one for one in files}
    Draft(folder).data.mkdir(parents=True)
    unpack(io.BytesIO(stream[:cut]), wanted, Draft(folder), lambda _count: None)
    held = [one for one in files if Draft(folder).holds(one)]
    for one in held:
        assert (Draft(folder).data / one.path).read_bytes() == bytes([int(one.path[-1])]) * 3000
    unpack(io.BytesIO(stream), wanted, Draft(folder), lambda _count: None)
    assert all(Draft(folder).holds(one) for one in files)


def test_a_version_that_was_not_asked_for_is_not_taken(
    sent: tuple[tuple[Entry, ...], bytes], tmp_path: Path
) -> None:
    files, stream = sent
    draft = Draft(tmp_path / "name")
    draft.data.mkdir(parents=True)
    (first, *_) = files
    older = Entry("f", first.size, "1.0", first.mode, 0, 0, first.path)
    unpack(io.BytesIO(stream), {f"./{first.path}": older}, draft, lambda _count: None)
    assert draft.sums == {}


def entry(path: str, size: int) -> Entry:
    return Entry("f", size, "1732831234.5", "644", 0, 0, path)


def test_a_file_that_is_a_folder_by_now_and_the_reverse_are_both_taken(tmp_path: Path) -> None:
    draft, later = Draft(tmp_path / "name"), [entry("a/b", 1), entry("c", 1)]
    for one in (entry("a", 1), entry("c/d/e", 1), entry("kept/f", 1)):
        draft.take(one, io.BytesIO(b"x"), lambda _count: None)
    draft.clear(Tree((*later, entry("kept/f", 1))))
    for one in later:
        draft.take(one, io.BytesIO(b"y"), lambda _count: None)
    assert all(draft.holds(one) for one in (*later, entry("kept/f", 1)))


def sealed(folder: Path, *names: str) -> None:
    """Make a bag of files that hold their own names."""
    sums = {}
    for name in names:
        path = folder / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
        sums[f"data/{name}"] = hashlib.sha256(name.encode()).hexdigest()
    oxum = f"{sum(len(name.encode()) for name in names)}.{len(names)}"
    manifest.seal(folder, sums, {"Source-Organization": "lab", "Payload-Oxum": oxum}, "")


def test_a_bag_is_what_the_library_reads_whatever_its_files_are_called(tmp_path: Path) -> None:
    sealed(tmp_path, "a b", "ü/x", "100%", "line\nend", "%25")
    assert bagit.Bag(str(tmp_path)).is_valid()
    assert manifest.check(tmp_path)["Source-Organization"] == "lab"
    assert [path for path, _ in manifest.files_of(tmp_path)][-2:] == ["tagmanifest-sha256.txt", "bagit.txt"]


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda bag: (bag / "data" / "b").write_text("B"), id="changed"),
        pytest.param(lambda bag: (bag / "data" / "b").unlink(), id="missing"),
        pytest.param(lambda bag: (bag / "data" / "c").write_text("c"), id="one-more"),
        pytest.param(
            lambda bag: (bag / "bag-info.txt").write_text("Source-Organization: x\n"), id="its-info"
        ),
        pytest.param(lambda bag: (bag / "bagit.txt").unlink(), id="undeclared"),
    ],
)
def test_a_bag_with_anything_else_in_it_is_refused(tmp_path: Path, spoil: object) -> None:
    sealed(tmp_path, "a", "b")
    assert callable(spoil)
    spoil(tmp_path)
    with pytest.raises(NightfleetError) as caught:
        manifest.check(tmp_path)
    assert caught.value.exit_code is Exit.REFUSED
