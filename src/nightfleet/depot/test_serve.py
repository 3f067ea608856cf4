"""Claims about the depot's HTTP server."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest

from nightfleet.depot.cache import Cache
from nightfleet.depot.model import Index, Stored
from nightfleet.depot.serve import DepotServer, parse_bind
from nightfleet.depot.test_cache import add
from nightfleet.errors import NightfleetError

CONTENT = os.urandom(1 << 20)


@pytest.fixture
def stored(cache: Cache) -> Stored:
    return add(cache, "tool", CONTENT)


@pytest.fixture
def port(cache: Cache, stored: Stored) -> Iterator[int]:
    del stored
    with DepotServer(cache, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def get(port: int, path: str, method: str = "GET", **headers: str) -> tuple[HTTPResponse, bytes]:
    """Ask without any tidying of the path."""
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request(method, path, headers=headers)
    response = connection.getresponse()
    return response, response.read()


def test_the_index_and_what_it_names_are_served(port: int, stored: Stored) -> None:
    assert Index.model_validate_json(get(port, "/index.json")[1]).files == (stored,)
    response, body = get(port, f"/{stored.path}")
    assert (response.status, body) == (200, CONTENT)
    response, body = get(port, f"/{stored.path}", method="HEAD")
    assert (response.headers["Content-Length"], body) == (str(len(CONTENT)), b"")


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/lock",
        "/../index.json",
        "/files/../index.lock",
        "/../../../../../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "//etc/passwd",
        "/" + "0" * 64 + "/tool",
        "/tmp/x",
        "/.index.json.new",
    ],
)
def test_nothing_else_is_served(port: int, path: str) -> None:
    assert get(port, path)[0].status == 404


def test_a_file_that_the_index_forgot_is_not_served(port: int, cache: Cache, stored: Stored) -> None:
    secret = cache.root / "files" / stored.sha256 / "secret"
    secret.write_bytes(b"secret")
    assert get(port, f"/{stored.sha256}/secret")[0].status == 404


@pytest.mark.parametrize(
    ("asked", "status", "first", "last"),
    [
        ("bytes=0-9", 206, 0, 9),
        ("bytes=1000-", 206, 1000, len(CONTENT) - 1),
        ("bytes=-5", 206, len(CONTENT) - 5, len(CONTENT) - 1),
        ("bytes=5-99999999", 206, 5, len(CONTENT) - 1),
        ("bytes=0-", 200, 0, len(CONTENT) - 1),
        ("lines=1-2", 200, 0, len(CONTENT) - 1),
        ("bytes=1-2,5-6", 200, 0, len(CONTENT) - 1),
    ],
)
def test_ranges_are_answered(
    port: int, stored: Stored, asked: str, status: int, first: int, last: int
) -> None:
    response, body = get(port, f"/{stored.path}", Range=asked)
    assert response.status == status
    assert body == CONTENT[first : last + 1]
    if status == 206:
        assert response.headers["Content-Range"] == f"bytes {first}-{last}/{len(CONTENT)}"


@pytest.mark.parametrize("asked", [f"bytes={len(CONTENT)}-", "bytes=-0", "bytes=9-3"])
def test_a_range_that_cannot_be_is_416(port: int, stored: Stored, asked: str) -> None:
    assert get(port, f"/{stored.path}", Range=asked)[0].status == 416


def test_ten_clients_at_once_all_get_everything(cache: Cache, port: int) -> None:
    large = os.urandom(1 << 20) * 16
    stored = add(cache, "large", large)
    sizes: list[int] = []
    clients = [
        threading.Thread(target=lambda: sizes.append(len(get(port, f"/{stored.path}")[1]))) for _ in range(10)
    ]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    assert sizes == [len(large)] * 10


def test_a_client_that_goes_away_disturbs_nobody(cache: Cache, port: int, stored: Stored) -> None:
    large = add(cache, "large", CONTENT * 32)
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(f"GET /{large.path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        client.recv(100)
    assert get(port, f"/{stored.path}")[1] == CONTENT


def test_an_address_that_is_taken_is_refused_with_the_way_out(cache: Cache, port: int) -> None:
    with pytest.raises(NightfleetError, match=f"port {port} is taken") as caught:
        DepotServer(cache, "127.0.0.1", port)
    assert "--bind" in caught.value.hint


def test_an_address_of_another_machine_is_refused(cache: Cache) -> None:
    with pytest.raises(NightfleetError, match="no such address"):
        DepotServer(cache, "192.0.2.1", 8477)


@pytest.mark.parametrize("bind", ["8477", "10.77.0.1", "10.77.0.1:http", "10.77.0.1:99999", ""])
def test_a_bind_address_without_a_port_is_refused(bind: str) -> None:
    with pytest.raises(NightfleetError, match="not HOST:PORT"):
        parse_bind(bind)


def test_the_pid_file_is_there_exactly_while_the_address_answers(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        bind = f"127.0.0.1:{free.getsockname()[1]}"
    pid_file = tmp_path / "run" / "depot.pid"
    argv = [
        sys.executable,
        "-m",
        "nightfleet.cli.depot",
        "serve",
        "--bind",
        bind,
        "--pid-file",
        str(pid_file),
    ]
    with subprocess.Popen(argv, env={**os.environ, "XDG_CACHE_HOME": str(tmp_path)}) as process:
        end = time.monotonic() + 10
        while not pid_file.exists() or not pid_file.read_text():
            assert time.monotonic() < end
            time.sleep(0.02)
        assert int(pid_file.read_text()) == process.pid
        with pytest.raises(urllib.error.HTTPError):  # an empty depot: 404, but it answers
            urllib.request.urlopen(f"http://{bind}/index.json", timeout=5)
        process.send_signal(signal.SIGTERM)
    assert process.returncode == 0
    assert not pid_file.exists()
