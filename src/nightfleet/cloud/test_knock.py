"""Claims about who counts as an API server that answers."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
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
def tls(tmp_path: Path) -> Iterator[str]:
    """Where one connection is answered in TLS, by a certificate that nobody knows."""
    file = tmp_path / "server.pem"
    file.write_bytes(certificate())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            line, _ = server.accept()
            with suppress(OSError), context.wrap_socket(line, server_side=True) as said:
                said.recv(1)

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        thread.join(10)


def test_who_speaks_tls_answers_whatever_his_certificate_says(silent: str, tls: str) -> None:
    assert who_answers([silent, tls], 2) == tls


def test_who_takes_a_connection_and_says_nothing_does_not_answer(silent: str) -> None:
    assert who_answers([silent, "127.0.0.1:1"], 0.2) == ""
    assert who_answers([]) == ""
