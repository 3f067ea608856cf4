"""HTTP downloads that know their sha256: resumed after a cut, finished by checking, never half in place.

A host that cannot be reached is remembered for the run, so that one run waits for it once.
"""

import hashlib
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from nightfleet.errors import NightfleetError

TIMEOUT = 5.0  # seconds for a connection or between two reads; a release site that is alive answers sooner
TRIES = 4  # connections per file; each goes on where the one before was cut
CHUNK = 1 << 20

OnBytes = Callable[[int, int], None]


class Unavailable(Exception):
    """This source does not give the file; the next one may."""


@dataclass
class Downloader:
    """Downloads of one run."""

    timeout: float = TIMEOUT
    _unreachable: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, url: str, sha256: str, part: Path, on_bytes: OnBytes) -> Path:
        """Fill `part` from where it stands and return it; it has this sha256."""
        resumed = part.exists() and part.stat().st_size > 0
        if self._fill(url, part, on_bytes) == sha256:
            return part
        if resumed and self._fill(url, _emptied(part), on_bytes) == sha256:
            return part  # what an earlier run left was not of this file
        found = _hash(part).hexdigest()
        part.unlink()
        raise NightfleetError(
            f"wrong sha256 {found}, expected {sha256}; the file is removed",
            where=url,
            hint="somebody changed the file or the lock: compare with the project's release page",
        )

    def read(self, url: str) -> bytes:
        """Return a small document."""
        with self._open(url, {}) as response:
            return response.read()

    def _fill(self, url: str, part: Path, on_bytes: OnBytes) -> str:
        for attempt in range(1, TRIES + 1):
            try:
                return self._append(url, part, on_bytes)
            except (OSError, HTTPException) as error:
                if attempt == TRIES:
                    raise Unavailable(f"cut off {TRIES} times: {error}") from error
        raise AssertionError("unreachable")

    def _append(self, url: str, part: Path, on_bytes: OnBytes) -> str:
        have = part.stat().st_size if part.exists() else 0
        try:
            response = self._open(url, {"Range": f"bytes={have}-"} if have else {})
        except _NothingLeft:
            return _hash(part).hexdigest()
        with response:
            at = have if response.status == 206 else 0
            digest = _hash(part) if at else hashlib.sha256()
            total = at + int(response.headers.get("Content-Length") or 0)
            with part.open("ab" if at else "wb") as stream:
                while chunk := response.read(CHUNK):
                    stream.write(chunk)
                    digest.update(chunk)
                    at += len(chunk)
                    on_bytes(at, total)
            if at < total:
                raise ConnectionResetError(f"{at} of {total} bytes came")
        return digest.hexdigest()

    def _open(self, url: str, headers: dict[str, str]) -> HTTPResponse:
        host = urlsplit(url).netloc
        if host in self._unreachable:
            raise Unavailable(self._unreachable[host])
        request = urllib.request.Request(url, headers={"User-Agent": "nightfleet-depot", **headers})
        try:
            return cast(HTTPResponse, urllib.request.urlopen(request, timeout=self.timeout))
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == 416:
                raise _NothingLeft from error
            raise Unavailable(f"{host} answers {error.code} {error.reason}") from error
        except urllib.error.URLError as error:
            why = f"{host} cannot be reached ({error.reason})"
        except TimeoutError:
            why = f"{host} does not answer within {self.timeout:g} s"
        with self._lock:
            self._unreachable[host] = why
        raise Unavailable(why)


class _NothingLeft(Exception):
    """The range asked for lies behind the end of the file."""


def _emptied(part: Path) -> Path:
    part.write_bytes(b"")
    return part


def _hash(path: Path) -> "hashlib._Hash":
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
    return digest
