"""The depot's directory: files named by their sha256, and index.json, which names every file that counts.

A file is complete before the index names it, and the index is replaced as a whole: `kill -9` at any moment
leaves the old index or the new one. What a killed run left half-done lies in `tmp/` (removed by the next run)
or `parts/` (downloads, resumed by the next run).

    index.json            files/<sha256>/<file name>      parts/<name>-<sha256>.part
    tmp/                  builds/<build>-<version>-...    lock, index.lock
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import file_digest
from pathlib import Path

from nightfleet.depot.model import Index, Stored, cache_dir, load_index


class Cache:
    """One depot directory."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or cache_dir()
        for name in ("files", "parts", "tmp", "builds"):
            (self.root / name).mkdir(parents=True, exist_ok=True)

    def path(self, stored: Stored) -> Path:
        """Return where a stored file lies."""
        return self.root / "files" / stored.sha256 / stored.file

    def part(self, name: str, sha256: str) -> Path:
        """Return where a download grows."""
        return self.root / "parts" / f"{name}-{sha256}.part"

    def temporary(self, suffix: str = "") -> Path:
        """Return a new empty file on the same file system."""
        handle, name = tempfile.mkstemp(suffix=suffix, dir=self.root / "tmp")
        os.close(handle)
        return Path(name)

    def index(self) -> Index:
        """Read what is here."""
        return load_index(self.root)

    def holds(self, stored: Stored) -> bool:
        """Say whether the file is here in its full size; `verify` reads the bytes."""
        try:
            return self.path(stored).stat().st_size == stored.size
        except OSError:
            return False

    def adopt(self, temporary: Path, file: str, mode: int = 0o644) -> tuple[str, int]:
        """Move a finished file to its place; return its sha256 and size."""
        temporary.chmod(mode)
        with temporary.open("rb") as stream:
            sha256 = file_digest(stream, "sha256").hexdigest()
            os.fsync(stream.fileno())
        place = self.root / "files" / sha256 / file
        place.parent.mkdir(exist_ok=True)
        temporary.replace(place)
        _sync(place.parent)
        _sync(place.parent.parent)
        return sha256, place.stat().st_size

    def record(self, *stored: Stored, kubernetes: Mapping[str, tuple[str, ...]] | None = None) -> Index:
        """Name these files in the index; files that nothing names any more are removed."""
        with _locked(self.root / "index.lock"):
            old = self.index()
            new = old.having(*stored)
            if kubernetes:
                new = new.model_copy(update={"kubernetes": {**old.kubernetes, **kubernetes}})
            self._write(new)
            self._remove(set(old.files) - set(new.files), new)
        return new

    def forget(self, *stored: Stored) -> Index:
        """Remove files and their names."""
        with _locked(self.root / "index.lock"):
            old = self.index()
            new = old.model_copy(update={"files": tuple(one for one in old.files if one not in stored)})
            self._write(new)
            self._remove(set(stored), new)
        return new

    @contextmanager
    def exclusive(self, waiting: Callable[[], None]) -> Iterator[None]:
        """Let one run at a time fill the depot; `waiting` is called when another one does."""
        with _locked(self.root / "lock", waiting):
            shutil.rmtree(self.root / "tmp", ignore_errors=True)
            (self.root / "tmp").mkdir(exist_ok=True)
            yield

    def _write(self, index: Index) -> None:
        new = self.root / ".index.json.new"
        with new.open("w", encoding="utf-8") as stream:
            stream.write(index.model_dump_json(by_alias=True, indent=1) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        new.replace(self.root / "index.json")
        _sync(self.root)

    def _remove(self, gone: set[Stored], index: Index) -> None:
        kept = {self.path(one) for one in index.files}
        for path in {self.path(one) for one in gone} - kept:
            path.unlink(missing_ok=True)
            if path.parent.exists() and not any(path.parent.iterdir()):
                path.parent.rmdir()


@contextmanager
def _locked(path: Path, waiting: Callable[[], None] | None = None) -> Iterator[None]:
    with path.open("a") as stream:  # the kernel lets go of the lock when its holder dies
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if waiting:
                waiting()
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _sync(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
