"""Claims about the depot's directory: the index is whole at any moment, and verify reads every byte."""

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from nightfleet.depot.cache import Cache
from nightfleet.depot.model import Arch, Index, Kind, Origin, Stored
from nightfleet.depot.verify import verify

WRITER = """
import sys
from pathlib import Path
from nightfleet.depot.cache import Cache
from nightfleet.depot.test_cache import add
cache = Cache(Path(sys.argv[1]))
for number in range(int(sys.argv[2])):
    add(cache, f"{sys.argv[3]}-{number}", str(number).encode())
"""


def add(cache: Cache, name: str, content: bytes) -> Stored:
    """Put a file into the depot."""
    temporary = cache.temporary()
    temporary.write_bytes(content)
    sha256, size = cache.adopt(temporary, name)
    stored = Stored(
        name=name,
        version="1.0.0",
        arch=Arch.AMD64,
        file=name,
        sha256=sha256,
        size=size,
        origin=Origin.GOMOD,
        kind=Kind.BINARY,
        key="",
    )
    cache.record(stored)
    return stored


def test_two_writers_lose_nothing_of_each_other(cache: Cache) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(cache.root), "15", who]) for who in ("a", "b")
    ]
    assert [writer.wait() for writer in writers] == [0, 0]
    assert len(cache.index().files) == 30


@pytest.mark.parametrize("milliseconds", [0, 3, 11, 37])
def test_kill_9_between_any_two_writes_leaves_a_whole_index(cache: Cache, milliseconds: int) -> None:
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(cache.root), "100000", "a"])
    end = time.monotonic() + 10
    while not cache.index().files:
        assert time.monotonic() < end
        time.sleep(0.001)
    time.sleep(milliseconds / 1000)
    writer.kill()
    writer.wait()
    assert all(cache.holds(stored) for stored in cache.index().files)
    assert verify(cache) == []
    with cache.exclusive(lambda: None):
        assert list((cache.root / "tmp").iterdir()) == []
    assert add(cache, "next", b"next") in cache.index().files


def test_only_one_run_fills_the_depot_and_the_other_says_that_it_waits(cache: Cache) -> None:
    waited = threading.Event()
    order = []

    def second() -> None:
        with Cache(cache.root).exclusive(waited.set):
            order.append("second")

    with cache.exclusive(lambda: None):
        thread = threading.Thread(target=second)
        thread.start()
        assert waited.wait(5)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_verify_names_every_bad_file_and_repair_removes_them(cache: Cache) -> None:
    good, changed, gone = (add(cache, name, name.encode()) for name in ("good", "changed", "gone"))
    cache.path(changed).write_bytes(b"CHANGED")
    cache.path(gone).unlink()
    bad = verify(cache)
    assert {(one.stored.name, one.why.split(",")[0][:9]) for one in bad} == {
        ("changed", "sha256 is"),
        ("gone", "missing"),
    }
    assert cache.path(changed).exists()
    assert len(verify(cache, repair=True)) == 2
    assert cache.index().files == (good,)
    assert not cache.path(changed).exists()
    assert verify(cache) == []


def test_two_names_of_one_content_keep_their_file_as_long_as_one_of_them_is_there(cache: Cache) -> None:
    one = add(cache, "one", b"same")
    two = one.model_copy(update={"name": "two"})
    cache.record(two)
    cache.forget(one)
    assert cache.index() == Index(files=(two,))
    assert cache.path(two).read_bytes() == b"same"


def test_an_old_reader_sees_the_old_index_until_the_new_one_is_whole(cache: Cache) -> None:
    add(cache, "one", b"1")
    with (cache.root / "index.json").open() as reader:
        add(cache, "two", b"2")
        assert [one["name"] for one in json.load(reader)["files"]] == ["one"]
    assert Path(cache.root / "index.json").stat().st_nlink == 1
