"""Claims about getting files: order of sources, sha256, cut and killed downloads."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nightfleet.depot.cache import Cache
from nightfleet.depot.conftest import Site, make_lock
from nightfleet.depot.events import Event, Step
from nightfleet.depot.fetch import fetch
from nightfleet.depot.model import Index, Kind, Origin, load_lock
from nightfleet.depot.plan import items
from nightfleet.errors import NightfleetError

CONTENT = random.Random(7).randbytes(3_000_000)
TOOL = [("tool", "1.0.0")]


def test_an_upstream_file_is_stored_under_its_sha256_and_never_asked_for_again(
    site: Site, cache: Cache
) -> None:
    sha256 = site.add("/tool", CONTENT)
    lock = make_lock(f"{site.url}/tool", sha256)
    stored = fetch(TOOL, lock=lock, cache=cache).artifact("tool", "1.0.0", _arch(cache))
    assert (stored.origin, stored.path, stored.released) == (Origin.UPSTREAM, f"{sha256}/tool", True)
    assert cache.path(stored).read_bytes() == CONTENT
    assert os.access(cache.path(stored), os.X_OK)
    fetch(TOOL, lock=lock, cache=cache)
    assert len(site.requests) == 1


def test_a_wrong_sha256_is_fatal_and_the_file_is_removed(site: Site, cache: Cache) -> None:
    site.add("/tool", CONTENT)
    with pytest.raises(NightfleetError, match="wrong sha256") as caught:
        fetch(TOOL, lock=make_lock(f"{site.url}/tool", "0" * 64), cache=cache)
    assert caught.value.where == f"{site.url}/tool"
    assert cache.index() == Index()
    assert _files(cache) == []


def test_a_cut_connection_is_resumed_where_it_broke(site: Site, cache: Cache) -> None:
    sha256 = site.add("/tool", CONTENT)
    site.cut_after = [1_000_000, 500_000]
    index = fetch(TOOL, lock=make_lock(f"{site.url}/tool", sha256), cache=cache)
    assert index.files[0].sha256 == sha256
    assert [asked for _, asked in site.requests] == ["", "bytes=1000000-", "bytes=1500000-"]


def test_a_server_without_ranges_makes_the_download_start_again(site: Site, cache: Cache) -> None:
    sha256 = site.add("/tool", CONTENT)
    site.cut_after, site.ranges = [1_000_000], False
    assert fetch(TOOL, lock=make_lock(f"{site.url}/tool", sha256), cache=cache).files[0].sha256 == sha256


@pytest.mark.parametrize(
    "left", [b"something else", CONTENT, CONTENT + b"and more"], ids=["other", "all", "more"]
)
def test_whatever_an_earlier_run_left_the_result_is_right(site: Site, cache: Cache, left: bytes) -> None:
    sha256 = site.add("/tool", CONTENT)
    cache.part("tool", sha256).write_bytes(left)
    stored = fetch(TOOL, lock=make_lock(f"{site.url}/tool", sha256), cache=cache).files[0]
    assert cache.path(stored).read_bytes() == CONTENT


def test_kill_9_in_mid_download_loses_nothing(site: Site, tmp_path: Path) -> None:
    sha256 = site.add("/tool", CONTENT)
    site.pause = 0.02
    cache = Cache(tmp_path / "depot")
    script = (
        "import sys; from pathlib import Path\n"
        "from nightfleet.depot.cache import Cache\n"
        "from nightfleet.depot.conftest import make_lock\n"
        "from nightfleet.depot.fetch import fetch\n"
        "lock, cache = make_lock(sys.argv[1], sys.argv[2]), Cache(Path(sys.argv[3]))\n"
        "fetch([('tool', '1.0.0')], lock=lock, cache=cache)\n"
    )
    argv = [sys.executable, "-c", script, f"{site.url}/tool", sha256, str(cache.root)]
    process = subprocess.Popen(argv)
    _wait(lambda: cache.part("tool", sha256).exists() and cache.part("tool", sha256).stat().st_size > 0)
    process.send_signal(signal.SIGKILL)
    process.wait()
    have = cache.part("tool", sha256).stat().st_size
    assert 0 < have < len(CONTENT)
    assert cache.index() == Index()
    site.pause = 0.0
    stored = fetch(TOOL, lock=make_lock(f"{site.url}/tool", sha256), cache=cache).files[0]
    assert cache.path(stored).read_bytes() == CONTENT
    assert site.requests[-1] == ("/tool", f"bytes={have}-")


def test_a_file_that_vanished_is_fetched_again(site: Site, cache: Cache) -> None:
    lock = make_lock(f"{site.url}/tool", site.add("/tool", CONTENT))
    stored = fetch(TOOL, lock=lock, cache=cache).files[0]
    cache.path(stored).unlink()
    fetch(TOOL, lock=lock, cache=cache)
    assert cache.holds(stored)


def test_a_changed_sha256_in_the_lock_replaces_the_file(site: Site, cache: Cache) -> None:
    old = fetch(TOOL, lock=make_lock(f"{site.url}/tool", site.add("/tool", b"old")), cache=cache).files[0]
    new = fetch(TOOL, lock=make_lock(f"{site.url}/tool", site.add("/tool", b"new")), cache=cache).files
    assert [cache.path(one).read_bytes() for one in new] == [b"new"]
    assert not cache.path(old).parent.exists()


def test_an_unreachable_host_is_tried_once_per_run_and_said_once(cache: Cache) -> None:
    lock = make_lock("http://127.0.0.1:9/tool", "0" * 64, "other")
    told: list[Event] = []
    with pytest.raises(NightfleetError, match=r"tool 1.0.0, other 1.0.0: not to be had from any source"):
        fetch([*TOOL, ("other", "1.0.0")], lock=lock, cache=cache, jobs=1, on_event=told.append)
    assert [event.step for event in told] == [Step.NOTE]
    assert "127.0.0.1:9 cannot be reached" in told[0].detail


def test_a_forced_source_is_not_replaced_by_another(site: Site, cache: Cache) -> None:
    with pytest.raises(NightfleetError, match="not to be had from upstream"):
        fetch(TOOL, lock=make_lock(f"{site.url}/gone", "0" * 64), cache=cache, source=Origin.UPSTREAM)


def test_another_depot_comes_before_upstream(site: Site, cache: Cache, tmp_path: Path) -> None:
    sha256 = site.add("/tool", CONTENT)
    lock = make_lock(f"{site.url}/tool", sha256)
    there = Cache(tmp_path / "there")
    fetch(TOOL, lock=lock, cache=there)
    site.files |= {"/index.json": (there.root / "index.json").read_bytes(), f"/{sha256}/tool": CONTENT}
    stored = fetch(TOOL, lock=lock, cache=cache, depot=f"{site.url}/").files[0]
    assert (stored.origin, stored.released) == (Origin.DEPOT, True)
    assert [path for path, _ in site.requests] == ["/tool", "/index.json", f"/{sha256}/tool"]


def test_another_depot_may_not_say_that_other_bytes_are_the_release(
    site: Site, cache: Cache, tmp_path: Path
) -> None:
    sha256 = site.add("/tool", CONTENT)
    lock = make_lock(f"{site.url}/tool", sha256)
    there = fetch(TOOL, lock=lock, cache=Cache(tmp_path / "there"))
    forged = there.files[0].model_copy(update={"sha256": site.add("/x/tool", b"forged")})
    site.files["/index.json"] = (
        there.model_copy(update={"files": (forged,)}).model_dump_json(by_alias=True).encode()
    )
    assert fetch(TOOL, lock=lock, cache=cache, depot=site.url).files[0].origin is Origin.UPSTREAM


def test_a_depot_that_does_not_answer_is_an_error_with_the_way_out(cache: Cache) -> None:
    with pytest.raises(NightfleetError, match="cannot be reached") as caught:
        fetch(
            TOOL, lock=make_lock("http://127.0.0.1:9/tool", "0" * 64), cache=cache, depot="http://127.0.0.1:9"
        )
    assert "depot serve" in caught.value.hint


def test_downloads_run_side_by_side(site: Site, cache: Cache) -> None:
    site.pause = 0.1
    lock = make_lock(f"{site.url}/{{version}}", site.add("/1.0.0", b"x" * 200_000), "b", "c", "d")
    start = time.monotonic()
    fetch([(name, "1.0.0") for name in ("tool", "b", "c", "d")], lock=lock, cache=cache, jobs=4)
    assert time.monotonic() - start < 4 * 0.4


def test_the_lock_names_one_item_for_each_image_and_artifact() -> None:
    lock = load_lock()
    found = items(lock, [*lock.default_set(), *lock.default_set(kubernetes="1.35.4")], "amd64")
    names = [item.file for item in found]
    assert len(found) == len({item.identity for item in found})
    assert sum(item.kind is Kind.IMAGE for item in found) == 14  # etcd and coredns are the same for both
    assert "kube-apiserver-v1.36.3-amd64.oci.tar" in names
    assert "cni-plugins-linux-amd64-v1.9.1.tgz" in names


def test_the_key_of_an_item_changes_with_its_recipe_and_only_then() -> None:
    lock = load_lock()
    build = lock.builds["runc"].model_copy(update={"tags": ("netgo",)})
    changed = lock.model_copy(update={"builds": {**lock.builds, "runc": build}})
    wanted = [("runc", "1.4.3"), ("containerd", "2.3.4")]
    before = [item.key for item in items(lock, wanted, "amd64")]  # type: ignore[arg-type]
    after = [item.key for item in items(changed, wanted, "amd64")]  # type: ignore[arg-type]
    assert before[0] != after[0]
    assert before[1] == after[1]


def _files(cache: Cache) -> list[Path]:
    return [
        path
        for path in cache.root.rglob("*")
        if path.is_file() and path.suffix != ".lock" and path.name != "lock"
    ]


def _arch(cache: Cache) -> str:
    return cache.index().files[0].arch


def _wait(condition, seconds: float = 5.0) -> None:  # type: ignore[no-untyped-def]
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.005)
