"""Archives that depend on nothing but their content: sorted, owned by root, dated 1970, fixed compression."""

import gzip
import hashlib
import io
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

LEVEL = 6  # part of the format: another level gives other bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """A file (from a path or bytes), a link (`link` is its target), or a directory (neither)."""

    path: str
    content: Path | bytes | None = None
    link: str = ""
    mode: int = 0o755


@dataclass(frozen=True, slots=True)
class Packed:
    """The sha256 of the tar and of its compressed form, and the size of the latter."""

    tar: str
    gzip: str
    size: int


class _Hashing(io.RawIOBase):
    """Passes bytes on and hashes them."""

    def __init__(self, target: IO[bytes] | gzip.GzipFile) -> None:
        self._target = target
        self._sha256 = hashlib.sha256()
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._sha256.update(data)
        self.size += len(data)
        self._target.write(data)
        return len(data)

    def hexdigest(self) -> str:
        return self._sha256.hexdigest()


def write_tar_gz(target: Path, entries: Iterable[Entry]) -> Packed:
    """Write the entries and the directories above them."""
    with target.open("wb") as stream:
        outer = _Hashing(stream)
        with gzip.GzipFile(filename="", mode="wb", compresslevel=LEVEL, fileobj=outer, mtime=0) as packed:
            inner = _Hashing(packed)
            _write(inner, _with_parents(entries))
    return Packed(inner.hexdigest(), outer.hexdigest(), outer.size)


def write_tar(target: Path, entries: Iterable[Entry]) -> None:
    """Write the entries in the order given, uncompressed."""
    with target.open("wb") as stream:
        _write(stream, entries)


def _with_parents(entries: Iterable[Entry]) -> list[Entry]:
    table = {str(PurePosixPath(entry.path)): entry for entry in entries}
    for path in list(table):
        for parent in PurePosixPath(path).parents:
            if str(parent) != ".":
                table.setdefault(str(parent), Entry(str(parent)))
    return [table[path] for path in sorted(table)]


def _write(stream: IO[bytes] | _Hashing, entries: Iterable[Entry]) -> None:
    with tarfile.open(fileobj=stream, mode="w|", format=tarfile.PAX_FORMAT, bufsize=1 << 20) as archive:
        for entry in entries:
            info = tarfile.TarInfo(entry.path)
            info.mode = entry.mode
            if entry.link:
                info.type, info.linkname, info.mode = tarfile.SYMTYPE, entry.link, 0o777
                archive.addfile(info)
            elif entry.content is None:
                info.type = tarfile.DIRTYPE
                archive.addfile(info)
            elif isinstance(entry.content, bytes):
                info.size = len(entry.content)
                archive.addfile(info, io.BytesIO(entry.content))
            else:
                info.size = entry.content.stat().st_size
                with entry.content.open("rb") as content:
                    archive.addfile(info, content)
