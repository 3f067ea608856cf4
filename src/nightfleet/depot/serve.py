"""HTTP for nodes and other depots: /index.json, /<sha256>/<file name>, and nothing the index does not name.

Names are looked up in the index, never joined to a path, so there is no way out of the directory. Ranges are
answered, so that an interrupted download on a node goes on.
"""

import errno
import os
import re
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer
from types import FrameType
from typing import IO

from nightfleet.depot.cache import Cache
from nightfleet.errors import Exit, NightfleetError

IDLE = 60  # seconds after which a silent connection is closed


class DepotServer(ThreadingHTTPServer):
    """A thread per connection; sendfile copies inside the kernel."""

    daemon_threads = True
    request_queue_size = 128
    allow_reuse_address = True

    def __init__(self, cache: Cache, host: str, port: int) -> None:
        self.cache = cache
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            super().__init__((host, port), _Handler)
        except OSError as error:
            raise _cannot_bind(host, port, error) from error

    def server_bind(self) -> None:
        TCPServer.server_bind(self)  # HTTPServer's asks DNS for this machine's name, which may take long

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT."""
        signal.signal(signal.SIGTERM, _stop)
        with suppress(KeyboardInterrupt):
            self.serve_forever(poll_interval=0.2)


@contextmanager
def serving(bind: str, cache: Cache | None = None, pid_file: Path | None = None) -> Iterator[DepotServer]:
    """Bind the address; the pid file is there for as long."""
    host, port = parse_bind(bind)
    with DepotServer(cache or Cache(), host, port) as server, _pid_file(pid_file):
        yield server


def serve(bind: str, cache: Cache | None = None, pid_file: Path | None = None) -> None:
    """Serve until SIGTERM or SIGINT."""
    with serving(bind, cache, pid_file) as server:
        server.run()


def parse_bind(bind: str) -> tuple[str, int]:
    """Split HOST:PORT."""
    host, colon, port = bind.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65535:
        raise NightfleetError(f"not HOST:PORT: {bind!r}", "--bind", "for example 10.77.0.1:8477", Exit.USAGE)
    return host.strip("[]"), int(port)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "nightfleet-depot"
    sys_version = ""
    timeout = IDLE
    server: DepotServer

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def _answer(self, body: bool) -> None:
        path = self._find()
        if path is None:
            self.send_error(404, "the depot's index does not name this")
            return
        with path.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            first, last = _range(self.headers.get("Range"), size)
            if first is None:
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{size}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self._send_headers(path, first, last, size)
            if body:
                self._copy(stream, first, last + 1 - first)

    def _find(self) -> Path | None:
        cache = self.server.cache
        wanted = self.path.partition("?")[0].lstrip("/")
        if wanted == "index.json":
            path = cache.root / "index.json"
        else:
            named = next((one for one in cache.index().files if one.path == wanted), None)
            if named is None:
                return None
            path = cache.path(named)
        return path if path.is_file() else None

    def _send_headers(self, path: Path, first: int, last: int, size: int) -> None:
        partial = (first, last) != (0, size - 1) and "Range" in self.headers
        self.send_response(206 if partial else 200)
        if partial:
            self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        kind = "application/json" if path.suffix == ".json" else "application/octet-stream"
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(last + 1 - first))
        self.send_header("Accept-Ranges", "bytes")
        self.end_headers()

    def _copy(self, stream: IO[bytes], first: int, count: int) -> None:
        if not count:
            return
        try:
            self.connection.sendfile(stream, first, count)
        except (ConnectionError, TimeoutError):
            self.close_connection = True  # the client went away; it will ask for the rest

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing per request: nodes report their own downloads."""


def _range(header: str | None, size: int) -> tuple[int | None, int]:
    """Return first and last byte; a range of another form is ignored, as RFC 9110 14.2 allows."""
    found = re.fullmatch(r"bytes=(\d*)-(\d*)", header or "")
    if not found or found.groups() == ("", ""):
        return 0, size - 1
    first, last = found.groups()
    if not first:  # the last N bytes
        return (max(0, size - int(last)), size - 1) if int(last) and size else (None, 0)
    if int(first) >= size or (last and int(last) < int(first)):
        return None, 0
    return int(first), min(int(last), size - 1) if last else size - 1


def _cannot_bind(host: str, port: int, error: OSError) -> NightfleetError:
    if error.errno == errno.EADDRINUSE:
        hint = "another depot may be serving already; stop it or give another --bind"
        return NightfleetError(f"port {port} is taken", f"{host}:{port}", hint)
    if error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
        hint = "give an address that this machine has: ip -brief address"
        return NightfleetError("this machine has no such address", f"{host}:{port}", hint)
    return NightfleetError(error.strerror or str(error), f"{host}:{port}", "give another --bind")


@contextmanager
def _pid_file(path: Path | None) -> Iterator[None]:
    if path is None:
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{os.getpid()}\n", encoding="utf-8")
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _stop(*_signal: int | FrameType | None) -> None:
    raise KeyboardInterrupt
