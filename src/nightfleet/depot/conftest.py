"""What the depot's tests share: a release site on 127.0.0.1 that can misbehave, a lock that names it."""

import hashlib
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from nightfleet.depot.cache import Cache
from nightfleet.depot.model import Lock


@dataclass
class Site:
    """A release site: files by path, and what goes wrong with them."""

    files: dict[str, bytes] = field(default_factory=dict)
    cut_after: list[int] = field(default_factory=list)  # bytes sent before the connection breaks, per request
    pause: float = 0.0  # seconds between blocks of 64 KiB
    ranges: bool = True
    requests: list[tuple[str, str]] = field(default_factory=list)  # path and Range
    url: str = ""

    def add(self, path: str, content: bytes) -> str:
        """Offer a file; return its sha256."""
        self.files[path] = content
        return hashlib.sha256(content).hexdigest()


@pytest.fixture
def site() -> Iterator[Site]:
    """Serve a release site for one test."""
    state = Site()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked = self.headers.get("Range", "")
            state.requests.append((self.path, asked))
            content = state.files.get(self.path)
            if content is None:
                self.send_error(404)
                return
            found = re.fullmatch(r"bytes=(\d+)-", asked) if state.ranges else None
            first = int(found[1]) if found else 0
            if found and first >= len(content):
                self.send_error(416)
                return
            self.send_response(206 if found else 200)
            self.send_header("Content-Length", str(len(content) - first))
            self.end_headers()
            self.send(content[first:])

        def send(self, body: bytes) -> None:
            limit = state.cut_after.pop(0) if state.cut_after else len(body)
            for start in range(0, min(limit, len(body)), 1 << 16):
                self.wfile.write(body[start : min(start + (1 << 16), limit)])
                time.sleep(state.pause)
            self.close_connection = limit < len(body)

        def log_message(self, format: str, *args: object) -> None:
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    """Make an empty depot."""
    return Cache(tmp_path / "depot")


def make_lock(url: str, sha256: str, *more: str) -> Lock:
    """Return a lock with one artifact `tool` 1.0.0 (and more names of the same kind) at a URL."""
    digests = {"amd64": sha256, "arm64": sha256}
    artifact = {"kind": "binary", "url": url, "versions": {"1.0.0": digests}}
    return Lock.model_validate(
        {
            "schema": 1,
            "defaults": {},
            "kubernetes": {},
            "artifacts": dict.fromkeys(("tool", *more), artifact),
            "builds": {},
            "images": {},
        }
    )
