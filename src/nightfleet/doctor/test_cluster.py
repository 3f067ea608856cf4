import base64
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address
from pathlib import Path

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from nightfleet.doctor import cluster
from nightfleet.doctor.cluster import Access, Seen
from nightfleet.doctor.probe import ask_api
from nightfleet.finding import Status
from nightfleet.site import Site, load_site

NOW = datetime(2026, 11, 23, tzinfo=UTC)
ANSWERS = {
    "/version": b'{"gitVersion": "v1.36.3"}',
    "/api/v1/nodes": b"""{"items": [
        {"metadata": {"name": "lab-c1"}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}},
        {"metadata": {"name": "lab-w1"}, "status": {}}]}""",
}


@pytest.fixture
def site() -> Site:
    return load_site(Path(__file__).parents[3] / "inventory" / "lab" / "site.yaml")


def certificate(days: int, start: datetime = NOW) -> tuple[str, str]:
    """Return a self-signed certificate for 127.0.0.1, which is its own authority, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "doctor")])
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start - timedelta(days=400))
        .not_valid_after(start + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return signed.public_bytes(serialization.Encoding.PEM).decode(), private.decode()


class Api(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = ANSWERS[self.path]
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: object) -> None:
        """Stay silent: the test reads what the doctor says."""


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Access]:
    """A TLS server on this machine that asks for the client's certificate, as kube-apiserver does."""
    pem, key = certificate(100, datetime.now(UTC))
    file = tmp_path / "server.pem"
    file.write_text(pem + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    context.load_verify_locations(cadata=pem)
    context.verify_mode = ssl.CERT_REQUIRED
    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Access(f"https://127.0.0.1:{server.server_port}", pem, pem, key)
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_api_is_asked_with_the_operators_certificate(api: Access) -> None:
    seen = ask_api(api)
    assert isinstance(seen, Seen), seen
    assert seen.version == "v1.36.3"
    assert seen.ready == {"lab-c1": "True", "lab-w1": "Unknown"}
    assert (seen.server_certificate_ends - datetime.now(UTC)).days in (99, 100)


def test_a_server_with_another_authority_is_not_believed(api: Access) -> None:
    stranger, _ = certificate(100)
    answer = ask_api(Access(api.server, stranger, api.certificate, api.key))
    assert isinstance(answer, str)
    assert "certificate verify failed" in answer


def test_a_port_where_nothing_listens_is_said_as_such(api: Access) -> None:
    answer = ask_api(Access("https://127.0.0.1:1", api.authority, api.certificate, api.key))
    assert isinstance(answer, str)
    assert "connection refused" in answer


def test_a_kubeconfig_of_kubeadm_is_read_and_any_other_is_none() -> None:
    def data(text: str) -> str:
        return base64.b64encode(text.encode()).decode()

    config = {
        "current-context": "admin@lab",
        "contexts": [{"name": "admin@lab", "context": {"cluster": "lab", "user": "admin"}}],
        "clusters": [
            {"name": "lab", "cluster": {"server": "https://a:6443", "certificate-authority-data": data("CA")}}
        ],
        "users": [
            {
                "name": "admin",
                "user": {"client-certificate-data": data("CERT"), "client-key-data": data("KEY")},
            }
        ],
    }
    assert cluster.read_access(yaml.safe_dump(config)) == Access("https://a:6443", "CA", "CERT", "KEY")
    config["users"] = [{"name": "admin", "user": {"token": "t"}}]
    assert cluster.read_access(yaml.safe_dump(config)) is None
    assert cluster.read_access(": no YAML [") is None


def test_a_node_that_never_joined_and_one_that_fell_silent_both_fail(site: Site) -> None:
    seen = Seen("v1.36.3", NOW, {"lab-c1": "True", "lab-w1": "Unknown"})
    good, silent, never = cluster.nodes(site, seen)
    assert good.status is Status.OK
    assert silent.what == "lab-w1: has not reported to the API server"
    assert never.what == "lab-w2: is not in the cluster"
    assert {silent.status, never.status} == {Status.FAIL}


def test_another_version_than_the_sites_is_a_warning(site: Site) -> None:
    assert cluster.api(site, Seen("v1.35.4", NOW, {})).status is Status.WARN
    assert cluster.api(site, Seen(f"v{site.artifacts.kubernetes}", NOW, {})).status is Status.OK


@pytest.mark.parametrize(("days", "status"), [(200, Status.OK), (29, Status.WARN), (-1, Status.FAIL)])
def test_certificates_warn_a_month_before_they_end(days: int, status: Status) -> None:
    pem, _ = certificate(days)
    seen = Seen("v1.36.3", NOW + timedelta(days=days), {})
    assert {finding.status for finding in cluster.certificates(seen, pem, NOW)} == {status}


def test_no_kubeconfig_is_unknown_and_not_a_failure(site: Site) -> None:
    assert cluster.kubeconfig("/nowhere", None, None, site).status is Status.UNKNOWN
