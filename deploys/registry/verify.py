"""registry, checked by reading images as a node would, down to the last layer."""

import hashlib
import json
from collections.abc import Iterator

import pytest
from testinfra.host import Host

from nightfleet.depot.model import Stored, load_index
from nightfleet.site import Node, Site

pytestmark = pytest.mark.on("registry")

ACCEPT = "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json"
CURL = "curl -sS --max-time 20"


def seeded(site: Site, host: Host) -> Iterator[Stored]:
    """Yield the images of the version lock that the site pushes to its registry."""
    arch = host.check_output("dpkg --print-architecture")
    projects = {name for name, project in site.registry.projects.items() if project.seed}
    for version in sorted({site.artifacts.kubernetes, *(node.kubernetes for node in site.fleet)}):
        for image in load_index().images(version, arch):
            if image.reference.partition("/")[0] in projects:
                yield image


def has_seeds(site: Site, _node: Node) -> bool:
    """Whether the site pushes images."""
    return any(project.seed for project in site.registry.projects.values())


@pytest.mark.on("registry", when=has_seeds)
def test_every_image_of_the_lock_is_there_whole(host: Host, node: Node, site: Site) -> None:
    base = f"http://{node.address}:{site.registry.port}/v2"
    for image in seeded(site, host):
        name, _, tag = image.reference.rpartition(":")
        manifest = host.run(f"{CURL} -f -H 'Accept: {ACCEPT}' {base}/{name}/manifests/{tag}")
        assert manifest.rc == 0, f"{image.reference}: {manifest.stderr.strip()}"
        digest = hashlib.sha256(manifest.stdout_bytes).hexdigest()
        assert f"sha256:{digest}" == image.digest, f"{image.reference} is another image"
        blobs = [json.loads(manifest.stdout)["config"], *json.loads(manifest.stdout)["layers"]]
        urls = " ".join(f"-o /dev/null {base}/{name}/blobs/{blob['digest']}" for blob in blobs)
        sizes = host.check_output(f"{CURL} -f -w '%{{size_download}}\\n' {urls}").split()
        assert sizes == [str(blob["size"]) for blob in blobs], f"{image.reference}: layers are not whole"


def test_every_upstream_has_its_port_and_no_other_port_answers(host: Host, node: Node, site: Site) -> None:
    registry = site.registry
    wanted = {registry.port, *(registry.port_of(upstream) for upstream in registry.projects)}
    for port in sorted(wanted):
        said = host.check_output(f"{CURL} -o /dev/null -w '%{{http_code}}' http://{node.address}:{port}/v2/")
        assert said == "200", f"port {port} answers {said}"
    lines = [
        line.split() for line in host.check_output("ss -Hltnp").splitlines() if '"docker-registry"' in line
    ]
    assert {int(line[3].rpartition(":")[2]) for line in lines} == wanted


def test_nobody_on_the_network_can_push(host: Host, node: Node, site: Site) -> None:
    ports = {site.registry.port, *(site.registry.port_of(upstream) for upstream in site.registry.projects)}
    for port in sorted(ports):
        upload = f"http://{node.address}:{port}/v2/nightfleet/intruder/blobs/uploads/"
        said = host.check_output(f"{CURL} -o /dev/null -w '%{{http_code}}' -X POST {upload}")
        assert said == "405", f"port {port} answers an upload with {said}"


def test_it_serves_without_the_rights_of_root(host: Host) -> None:
    pids = host.check_output("grep -lx docker-registry /proc/[0-9]*/comm 2>/dev/null | cut -d/ -f3").split()
    assert pids, "no registry runs"
    for pid in pids:
        users = host.check_output(f"awk '/^Uid:/ {{print $2, $3, $4, $5}}' /proc/{pid}/status")
        assert "0" not in users.split(), f"process {pid} runs as root"
        assert host.check_output(f"awk '/^NoNewPrivs:/ {{print $2}}' /proc/{pid}/status") == "1"


def test_the_packages_own_service_does_not_run(host: Host) -> None:
    assert host.run("systemctl is-active docker-registry.service").stdout.strip() != "active"
    assert host.check_output("systemctl show --value --property LoadState docker-registry") == "masked"


def test_its_storage_has_room(host: Host, site: Site) -> None:
    used = host.check_output(f"df --output=pcent {site.registry.storage} | tail -n 1").strip(" %\n")
    assert int(used) < 90, f"{site.registry.storage} is {used}% full"
