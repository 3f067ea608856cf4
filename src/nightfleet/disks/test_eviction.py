"""Claims about eviction and image GC: shares up to an amount, GC first, the site's word counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightfleet.disks.eviction import Thresholds, in_bytes, thresholds
from nightfleet.disks.found import GIB
from nightfleet.disks.volume import Volume
from nightfleet.site.disks import Purpose
from nightfleet.site.kubernetes import Kubernetes


def volumes(**sizes: int) -> dict[Purpose, Volume]:
    """Return volumes of so many GiB."""
    return {Purpose(name): Volume(Purpose(name), "xfs", "", gib * GIB, "disk") for name, gib in sizes.items()}


def computed(wish: Kubernetes | None = None, **sizes: int) -> Thresholds:
    """Return the thresholds, which must be there."""
    found = thresholds(volumes(**sizes), wish or Kubernetes())
    assert found is not None
    return found


def wish(**values: object) -> Kubernetes:
    """Return a section of the site file with these keys."""
    return Kubernetes.model_validate(values)


def test_without_a_filesystem_of_their_own_nothing_is_computed() -> None:
    assert thresholds(volumes(scratch=100), Kubernetes()) is None


def test_a_small_disk_keeps_a_share_free_and_a_large_one_an_amount() -> None:
    assert computed(imagefs=100, nodefs=50).hard["imagefs.available"] == f"{15 * 1024}Mi"
    assert computed(imagefs=2048, nodefs=50).hard["imagefs.available"] == f"{30 * 1024}Mi"
    assert computed(imagefs=100, nodefs=50).hard["nodefs.available"] == f"{5 * 1024}Mi"
    assert computed(imagefs=100, nodefs=900).hard["nodefs.available"] == f"{20 * 1024}Mi"


def test_all_five_signals_are_there_and_every_value_has_its_reason() -> None:
    found = computed(imagefs=100, nodefs=50)
    assert set(found.hard) == {
        "memory.available",
        "nodefs.available",
        "nodefs.inodesFree",
        "imagefs.available",
        "imagefs.inodesFree",
    }
    assert set(found.because) == {*found.hard, "gc_high", "gc_low"}


@pytest.mark.parametrize(
    ("gib", "high", "low"), [(8, 75, 65), (100, 75, 65), (400, 87, 77), (2048, 97, 87)], ids=str
)
def test_gc_begins_one_image_before_eviction_and_stops_ten_percent_lower(
    gib: int, high: int, low: int
) -> None:
    found = computed(imagefs=gib)
    assert (found.gc_high, found.gc_low) == (high, low)


def test_what_the_site_says_counts() -> None:
    said = wish(
        image_gc_high=60, image_gc_low=40, eviction={"imagefs.available": "10Gi", "nodefs.available": "7%"}
    )
    found = computed(said, imagefs=100, nodefs=50)
    assert (found.gc_high, found.gc_low) == (60, 40)
    assert (found.hard["imagefs.available"], found.hard["nodefs.available"]) == ("10Gi", "7%")
    assert found.because["nodefs.available"] == "as the site file says"


def test_gc_follows_an_eviction_that_the_site_says() -> None:
    assert computed(wish(eviction={"imagefs.available": "30%"}), imagefs=100).gc_high == 60


def test_eviction_gives_way_to_a_gc_that_the_site_says() -> None:
    found = computed(wish(image_gc_high=90), imagefs=100)
    assert found.hard["imagefs.available"] == f"{5 * 1024}Mi"
    assert not found.refusals


def test_two_words_of_the_site_that_contradict_each_other_on_this_disk_are_refused() -> None:
    found = computed(wish(image_gc_high=90, eviction={"imagefs.available": "20Gi"}), imagefs=100)
    (why,) = found.refusals
    assert why.startswith("pods would be evicted at 20 GiB free, before image GC begins at 10 GiB: lower")


@given(
    gib=st.integers(1, 100_000),
    high=st.none() | st.integers(2, 99),
    share=st.none() | st.integers(1, 80),
)
def test_gc_always_begins_before_eviction_or_the_disk_is_refused(
    gib: int, high: int | None, share: int | None
) -> None:
    said = {} if high is None else {"image_gc_high": high}
    eviction = {} if share is None else {"eviction": {"imagefs.available": f"{share}%"}}
    found = computed(wish(**said, **eviction), imagefs=gib)
    size = gib * GIB
    begins = size * (100 - found.gc_high) // 100
    if not found.refusals:
        assert begins > in_bytes(found.hard["imagefs.available"], size)
        assert found.gc_low < found.gc_high
    if high is None or share is None:
        assert not found.refusals or found.gc_low >= found.gc_high
