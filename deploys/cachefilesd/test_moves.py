"""What is said of a share when a file of it is read anew, beside a file of counters."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from deploys.cachefilesd.plan import MOVES

STATS = """FS-Cache statistics
Acquire: n={acquired} ok=3 oom=0
LRU    : n=1 at={lru}
Invals : n={invals}
IO     : rd={rd} wr=7 mis=0
RdHelp : DR={netfs}
"""
BEFORE = {"acquired": 3, "lru": 10, "invals": 0, "rd": 1, "netfs": 1}
AFTER = 'case "$*" in *bs=64k*) {what} ;; esac\n'


@pytest.fixture
def share(tmp_path: Path) -> Path:
    """A folder that stands for a share, beside counters and a dd that changes nothing of them."""
    (tmp_path / "stats").write_text(STATS.format(**BEFORE))
    (tmp_path / "bin").mkdir()
    (tmp_path / "share").mkdir()
    reading(tmp_path, ":")
    fincore(tmp_path, 0)
    return tmp_path / "share"


def reading(folder: Path, what: str) -> None:
    """Have this happen when a file is read."""
    (folder / "bin" / "dd").write_text(f"#!/bin/sh\n{AFTER.format(what=what)}")
    (folder / "bin" / "dd").chmod(0o755)


def fincore(folder: Path, pages: int) -> None:
    """Have so many pages of every file stay in memory."""
    (folder / "bin" / "fincore").write_text(f"#!/bin/sh\necho '   {pages}'\n")
    (folder / "bin" / "fincore").chmod(0o755)


def counters(share: Path, **after: int) -> None:
    """Have a read leave these counters."""
    (share.parent / "after").write_text(STATS.format(**BEFORE | after))
    reading(share.parent, f"cp {share.parent}/after {share.parent}/stats")


def said(share: Path) -> str:
    """Ask as a node is asked."""
    folder = share.parent
    environment = {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "STATS": str(folder / "stats")}
    command = ["sh", "-c", f"{MOVES}\nmoves {share}"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.strip()


def test_a_read_that_the_cache_counts_has_moved_its_counters(share: Path) -> None:
    (share / "a file").write_text("x")
    counters(share, rd=2)
    assert said(share) == "moved"


def test_a_read_that_only_others_count_went_past_the_cache(share: Path) -> None:
    (share / "file").write_text("x")
    counters(share, acquired=4, lru=9, netfs=2)
    assert said(share) == "unmoved"


def test_a_file_that_somebody_writes_says_nothing_of_the_cache(share: Path) -> None:
    (share / "log").write_text("x")
    counters(share, invals=1)
    assert said(share) == "unread"


def test_an_empty_share_says_nothing_of_its_cache(share: Path) -> None:
    (share / "empty").touch()
    assert said(share) == "unread"


def test_a_file_that_does_not_leave_memory_says_nothing_of_the_cache(share: Path) -> None:
    (share / "mapped").write_text("x")
    fincore(share.parent, 12)
    assert said(share) == "unread"


def test_a_kernel_without_counters_says_nothing(share: Path) -> None:
    (share / "file").write_text("x")
    (share.parent / "stats").unlink()
    assert said(share) == "unread"


def test_nobody_waits_long_for_a_read_that_does_not_end(share: Path) -> None:
    (share / "file").write_text("x")
    (share.parent / "bin" / "timeout").write_text('#!/bin/sh\nshift 3\nexec "$@"\n')  # which cannot end it
    (share.parent / "bin" / "timeout").chmod(0o755)
    (share.parent / "bin" / "sleep").write_text("#!/bin/sh\n:\n")
    (share.parent / "bin" / "sleep").chmod(0o755)
    reading(share.parent, "exec /bin/sleep 30")
    began = time.monotonic()
    assert said(share) == "unread"
    assert time.monotonic() - began < 20
