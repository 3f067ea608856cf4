"""containerd, checked by what the daemon says of itself, and by what its mirrors answer."""

import tomllib
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from testinfra.host import Host

from nightfleet.site import Node, Role, Site

CTR = "ctr --connect-timeout 10s"
MANIFESTS = "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json"
OPT = "/opt/nightfleet"


def mirrored(site: Site, _node: Node) -> bool:
    """Whether images of Kubernetes come through a registry of the site."""
    return bool(site.having(Role.REGISTRY)) and "registry.k8s.io" in site.registry.projects


@cache
def config(host: Host) -> dict[str, Any]:
    """Return containerd's configuration as it is after defaults and all drop-ins; asked once per node."""
    return tomllib.loads(host.check_output("containerd config dump"))


def plugin(host: Host, name: str) -> dict[str, Any]:
    """Return the configuration of one plugin."""
    found: dict[str, Any] = config(host)["plugins"][f"io.containerd.cri.v1.{name}"]
    return found


def test_the_daemon_that_answers_has_the_sites_version(host: Host, site: Site) -> None:
    said = host.check_output(f"{CTR} version")
    server = said.partition("Server:")[2]
    assert f"Version:  v{site.artifacts.containerd}" in server, server.split("Revision")[0].strip()


def test_runc_has_the_sites_version(host: Host, site: Site) -> None:
    assert host.check_output("/usr/local/sbin/runc --version").split()[2] == site.artifacts.runc


def test_network_plugins_have_the_sites_version(host: Host, site: Site) -> None:
    said = host.run("/opt/cni/bin/bridge </dev/null")  # without a command it says who it is
    assert f"v{site.artifacts.cni_plugins}" in said.stdout + said.stderr, said.stderr.strip()


def test_only_one_containerd_runs_and_it_is_the_installed_one(host: Host) -> None:
    pids = host.check_output("grep -lx containerd /proc/[0-9]*/comm 2>/dev/null | cut -d/ -f3").split()
    running = [host.check_output(f"readlink /proc/{pid}/exe") for pid in pids]
    assert len(running) == 1, f"{len(running)} run: {', '.join(running)}"
    assert running[0].startswith(f"{OPT}/containerd/"), running[0]
    assert not host.file("/usr/bin/containerd").exists, "another one is installed in /usr/bin"


def test_it_starts_at_boot_and_leaves_containers_alone_when_it_stops(host: Host) -> None:
    assert host.check_output("systemctl is-enabled containerd") == "enabled"
    assert host.check_output("systemctl show --value --property KillMode containerd") == "process"


def test_every_part_of_the_container_interface_has_loaded(host: Host) -> None:
    parts = [line.split() for line in host.check_output(f"{CTR} plugins ls").splitlines()[1:]]
    needed = {"images", "runtime", "cri", "overlayfs", "runc"} & {part[1] for part in parts}
    assert {"images", "runtime", "cri", "overlayfs"} <= needed
    broken = [part[1] for part in parts if part[-1] == "error" and "cri" in part[0]]
    assert not broken, f"not loaded: {', '.join(broken)}"


def test_runc_makes_its_groups_through_systemd(host: Host) -> None:
    options = plugin(host, "runtime")["containerd"]["runtimes"]["runc"]["options"]
    assert options["SystemdCgroup"] is True
    assert options["BinaryName"] == "/usr/local/sbin/runc"


def test_settings_of_the_site_arrive_and_drop_ins_are_read(host: Host, site: Site) -> None:
    assert plugin(host, "images")["max_concurrent_downloads"] == site.containerd.max_parallel_downloads
    assert config(host)["debug"]["level"] == site.containerd.log_level
    assert any("/conf.d/" in path for path in config(host)["imports"])


def test_it_serves_nobody_outside_the_node(host: Host) -> None:
    sockets = [line.split() for line in host.check_output("ss -Hltnp").splitlines() if '"containerd"' in line]
    outside = [socket[3] for socket in sockets if not socket[3].startswith(("127.", "[::1]"))]
    assert not outside, f"it listens on {', '.join(outside)}"
    mode = host.check_output("stat -c '%a %U' /run/containerd/containerd.sock")
    assert mode in ("660 root", "600 root"), f"its socket is {mode}"


def test_the_sandbox_image_is_here_and_pinned(host: Host, api: Callable[[str], Any]) -> None:
    assert api("/version")  # the image is pulled for the first pod, which a node without a cluster never has
    sandbox = plugin(host, "images")["pinned_images"]["sandbox"]
    listed = host.check_output(f"{CTR} --namespace k8s.io images ls name=={sandbox}").splitlines()[1:]
    assert listed, f"{sandbox} is not here"
    assert "io.cri-containerd.pinned=pinned" in listed[0], "image garbage collection may take it away"


@pytest.mark.on(when=mirrored)
def test_its_mirror_has_the_sandbox_image(host: Host) -> None:
    sandbox = plugin(host, "images")["pinned_images"]["sandbox"]
    upstream, _, image = sandbox.partition("/")
    hosts = tomllib.loads(host.check_output(f"cat /etc/containerd/certs.d/{upstream}/hosts.toml"))["host"]
    name, _, tag = image.rpartition(":")
    url = f"{next(iter(hosts))}/{name}/manifests/{tag}"
    answer = host.check_output(
        "curl -sS --max-time 10 -o /dev/null -w '%%{http_code}' -H %s %s", f"Accept: {MANIFESTS}", url
    )
    assert answer == "200", f"{url} answers {answer}"
