"""Claims about looking at a cloud: openstacksdk itself, on an identity service with a catalogue."""

import json
import socket
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace as Said
from typing import Any

import pytest

from nightfleet.cloud import examine as examining
from nightfleet.cloud.checkup import GONE, MISSING
from nightfleet.cloud.examine import buses, examine, planned_images, statuses
from nightfleet.finding import Finding, Status
from nightfleet.site import Site, load_site
from nightfleet.site.handover import CloudNode

NODE = {"role": "control_plane", "class": "box", "address": "127.0.0.1", "instance_id": "i1"}
DISKS = {"storage": {"id": "v1", "size": 10}}
HANDOVER = {
    "schema": 1,
    "name": "small",
    "network": "127.0.0.0/24",
    "nodes": {"os-c1": {**NODE, "volumes": DISKS}},
}
SITE = """\
site: small
cloud: {directory: terraform}
classes:
  box: {kind: vm}
connection: {user: debian, key: key}
network: {pods: 10.1.0.0/16, services: 10.2.0.0/16, cni: routed}
"""


class Keystone(BaseHTTPRequestHandler):
    """Gives everybody a token; `/broken` is a service whose workers are gone, `/slow` one that hangs."""

    catalogue: dict[str, str] = {}  # noqa: RUF012 (of the class: a server makes one handler for each request)

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing."""

    def send(self, code: int, body: object, **headers: str) -> None:
        text = json.dumps(body).encode()
        self.send_response(code)
        for name, value in {"Content-Length": str(len(text)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(text)

    def do_GET(self) -> None:
        if self.path.startswith("/slow"):
            time.sleep(1)
            return
        base = f"http://127.0.0.1:{self.server.server_port}"  # type: ignore[attr-defined]
        version = {"id": "v3.14", "status": "stable", "links": [{"rel": "self", "href": f"{base}/v3/"}]}
        if self.path.startswith("/v3"):
            self.send(200, {"version": version})
        else:
            self.send(503 if self.path.startswith("/broken") else 404, {})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        listed = [
            {"type": name, "name": name, "endpoints": [{"interface": "public", "region": "one", "url": url}]}
            for name, url in self.catalogue.items()
        ]
        project = {"id": "p", "name": "p", "domain": {"id": "d", "name": "d"}}
        token = {"expires_at": "2099-01-01T00:00:00Z", "project": project, "user": project, "catalog": listed}
        self.send(201, {"token": {**token, "methods": ["password"]}}, X_Subject_Token="t")


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """A cloud of which only the identity service and the network answer; return its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        dead = f"http://127.0.0.1:{free.getsockname()[1]}"
    with ThreadingHTTPServer(("127.0.0.1", 0), Keystone) as server:
        base = f"http://127.0.0.1:{server.server_port}"
        services = {"compute": f"{dead}/v2.1", "volumev3": f"{dead}/v3/p", "network": f"{base}/network"}
        slow = {"image": f"{base}/broken", "load-balancer": f"{base}/slow"}
        monkeypatch.setattr(Keystone, "catalogue", {**services, **slow})
        monkeypatch.setattr(examining, "ANSWER", 0.3)
        monkeypatch.setattr(examining, "ASKED", 0.3)
        for name, value in {
            "OS_CLIENT_CONFIG_FILE": str(tmp_path / "none.yaml"),
            "OS_AUTH_URL": f"{base}/v3",
            "OS_USERNAME": "u",
            "OS_PASSWORD": "p",
            "OS_PROJECT_ID": "p",
            "OS_USER_DOMAIN_ID": "d",
            "OS_REGION_NAME": "one",
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }.items():
            monkeypatch.setenv(name, value)
        Thread(target=server.serve_forever, daemon=True).start()
        yield base
        server.shutdown()


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site of one machine with one disk."""
    (tmp_path / "site.yaml").write_text(SITE)
    (tmp_path / "terraform").mkdir()
    (tmp_path / "outputs.json").write_text(json.dumps({"nightfleet": {"value": HANDOVER}}))
    return load_site(tmp_path / "site.yaml")


@pytest.mark.usefixtures("cloud")
@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_services_that_are_dead_broken_or_hang_are_findings_and_no_traceback(site: Site) -> None:
    findings = {finding.check: finding for finding in examine(site)}
    assert findings["network"] == Finding("network", Status.OK, "answers")
    for dead in ("compute", "block-storage"):
        assert findings[dead].status is Status.FAIL
        assert "does not answer: Unable to establish connection" in findings[dead].what
    assert findings["image"].what == "does not answer: HTTP 503"
    assert findings["load-balancer"].status is Status.WARN
    for unseen in ("machines", "left over", "copies of volumes"):
        assert findings[unseen].status is Status.UNKNOWN


def test_a_machine_of_the_record_whose_server_is_gone_is_not_called_active() -> None:
    nodes = {name: CloudNode.model_validate({**NODE, "instance_id": name * 2}) for name in ("a", "b", "c")}
    servers = [Said(id="aa", name="a", status="ACTIVE"), Said(id="another", name="b", status="ACTIVE")]
    assert statuses(nodes, servers) == {"a": "ACTIVE", "b": GONE, "c": GONE}


def test_an_image_that_is_not_there_is_told_from_one_without_a_bus() -> None:
    there = {"debian-12": Said(name="debian-12", hw_disk_bus=None), "i7": Said(name="old", hw_disk_bus="ide")}
    images = Said(find_image=lambda name, ignore_missing: there.get(name) if ignore_missing else there[name])
    found = buses(Said(image=images), {"debian-12", "i7", "misspelt"})
    assert found == {"debian-12": None, "old": "ide", "misspelt": MISSING}


def test_the_image_that_new_machines_will_get_is_read_from_the_variables(site: Site) -> None:
    assert planned_images(site) == set()
    lines = '# image = "old"\nflavor = "m1"\nimage            = "debian-12" # new\n'
    (site.path.parent / "terraform" / "terraform.tfvars").write_text(lines)
    assert planned_images(site) == {"debian-12"}
