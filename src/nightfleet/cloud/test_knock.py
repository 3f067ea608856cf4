"""Claims about who counts as an API server that answers."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from nightfleet.cloud.knock import who_answers


def certificate() -> bytes:
    """A certificate that nobody knows, and its key."""
    key, name, now = ec.generate_private_key(ec.SECP256R1()), x509.Name([]), datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return signed.public_bytes(serialization.Encoding.PEM) + private


@pytest.fixture
def silent() -> Iterator[str]:
    """Where connections are taken and nobody says a word: a load balancer with nobody behind it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def tls(tmp_path: Path) -> Iterator[Callable[[bytes], str]]:
    """Answer one request in TLS, by a certificate that nobody knows, with this body."""
    file = tmp_path / "server.pem"
    file.write_bytes(certificate())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    with ExitStack() as at_the_end:

        def serve(body: bytes) -> str:
            server = at_the_end.enter_context(socket.create_server(("127.0.0.1", 0)))

            def answer() -> None:
                line, _ = server.accept()
                with suppress(OSError), context.wrap_socket(line, server_side=True) as said:
                    said.recv(4096)
                    said.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

            thread = threading.Thread(target=answer)
            thread.start()
            at_the_end.callback(thread.join, 10)
            return f"127.0.0.1:{server.getsockname()[1]}"

        yield serve


def test_who_tells_a_version_is_one_whatever_his_certificate_says(
    silent: str, tls: Callable[[bytes], str]
) -> None:
    door = tls(b'{"major": "1", "gitVersion": "v1.36.3"}')
    assert who_answers([silent, door], 2) == door


def test_who_refuses_strangers_in_the_form_of_kubernetes_is_one(tls: Callable[[bytes], str]) -> None:
    door = tls(b'{"kind": "Status", "status": "Failure", "code": 401}')
    assert who_answers([door], 2) == door


def test_a_proxy_that_speaks_tls_for_everybody_is_none(tls: Callable[[bytes], str]) -> None:
    assert who_answers([tls(b"not found")], 2) == ""
    assert who_answers([tls(b"[]")], 2) == ""


def test_who_takes_a_connection_and_says_nothing_does_not_answer(silent: str) -> None:
    assert who_answers([silent, "127.0.0.1:1"], 0.2) == ""
    assert who_answers([]) == ""
