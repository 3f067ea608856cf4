"""The OpenStack services of this machine: real APIs on 127.0.0.1, guests that are simulated.

They are found in $NIGHTFLEET_OSBOX or beside the clone (../shared/openstack-box), kept in $OSBOX_HOME, and
begin with an empty state each time: servers of an earlier run cannot be told from lost ones.
"""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
SERVICES = "glance placement nova neutron cinder manila octavia heat blazar"
SOURCE = "registry.terraform.io/terraform-provider-openstack/openstack"
PLUGINS = Path.home() / ".terraform.d" / "plugins" / SOURCE


def folder() -> Path:
    """Return where the services' recipe lies, if it does."""
    return Path(os.environ.get("NIGHTFLEET_OSBOX") or ROOT.parent / "shared" / "openstack-box")


def home() -> Path:
    """Return where the services are installed."""
    return Path(os.environ.get("OSBOX_HOME") or CACHE / "nightfleet-osbox")


def state() -> Path:
    """Return where their state is kept: PostgreSQL runs as a user who cannot enter the home of root."""
    return Path(os.environ.get("OSBOX_STATE") or "/var/tmp/nightfleet-osbox")


def why_not() -> str:
    """Say why the services cannot run here; "" when they can."""
    if not (folder() / "osbox.sh").is_file():
        return f"needs the OpenStack services of {folder().name} beside the clone, or NIGHTFLEET_OSBOX"
    if not list(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        return "needs PostgreSQL (Debian package postgresql)"
    if not (home() / "venv").exists() and python() is None:
        return "needs Python 3.12 for the OpenStack services, or OSBOX_PYTHON"
    return ""


def python() -> str | None:
    """Return a Python that the services can run on."""
    named = os.environ.get("OSBOX_PYTHON")
    known = sorted((Path.home() / ".pyenv" / "versions").glob("3.12*/bin/python"))
    # pyenv's own first: what it puts on the PATH is there and does not run unless it is switched on
    return named or (str(known[-1]) if known else shutil.which("python3.12"))


def provider() -> str:
    """Say why Terraform has no provider for OpenStack here; "" when it has."""
    if shutil.which("terraform") is None:
        return "needs terraform"
    if not list(PLUGINS.glob("*/linux_*/terraform-provider-openstack*")):
        return "needs the real Terraform provider in ~/.terraform.d/plugins (docs/guide/openstack.md)"
    return ""


class DoesNotStart(Exception):
    """The services, which are not ours, cannot be installed or started on this machine."""


@dataclass
class Box:
    """The services, up. `member` is the project that a cluster lives in, `admin` who runs the cloud."""

    clouds: Path
    admin: Any
    member: Any
    environment: dict[str, str] = field(default_factory=dict)

    def quota(self, **limits: int) -> None:
        """Set the limits of the member's project: cores, instances, volumes, gigabytes."""
        project = self.member.current_project_id
        compute = {name: limits[name] for name in ("cores", "instances", "ram") if name in limits}
        volumes = {name: limits[name] for name in ("volumes", "gigabytes", "snapshots") if name in limits}
        if compute:
            self.admin.compute.update_quota_set(project, **compute)
        if volumes:
            self.admin.block_storage.update_quota_set(project, **volumes)

    def reconnect(self) -> None:
        """Get a new token for the member, whose old one was taken away."""
        import openstack

        self.member = openstack.connect(cloud="osbox")

    def left(self) -> dict[str, list[str]]:
        """Return what exists in the member's project, but for what the cloud gives everybody."""
        member, mine = self.member, {"project_id": self.member.current_project_id}
        there = {
            "servers": member.compute.servers(),
            "volumes": member.block_storage.volumes(),
            "ports": (one for one in member.network.ports(**mine)),
            "networks": (one for one in member.network.networks(**mine)),
            "routers": member.network.routers(**mine),
            "floating ips": member.network.ips(**mine),
            "groups": (one for one in member.network.security_groups(**mine) if one.name != "default"),
            "keys": member.compute.keypairs(),
            "server groups": member.compute.server_groups(),
            "load balancers": member.load_balancer.load_balancers(),
            "shares": member.shared_file_system.shares(),
        }
        found = {kind: sorted(one.name or one.id for one in things) for kind, things in there.items()}
        return {kind: names for kind, names in found.items() if names}

    def image(self, name: str) -> str:
        """Return the id of an image."""
        return str(self.member.image.find_image(name, ignore_missing=False).id)

    def server(self, name: str) -> Any:
        """Return one server as it is now."""
        return self.member.compute.get_server(self.member.compute.find_server(name, ignore_missing=False))


@contextmanager
def running() -> Iterator[Box]:
    """Start the services on an empty state; stop them in the end."""
    environment = {
        **os.environ,
        "OSBOX_HOME": str(home()),
        "OSBOX_STATE": str(state()),
        "OSBOX_SERVICES": SERVICES,
        "OSBOX_PYTHON": python() or "",
    }
    script = str(folder() / "osbox.sh")

    def do(verb: str, seconds: float) -> None:
        log = home() / f"{verb}.log"
        home().mkdir(parents=True, exist_ok=True)
        with log.open("wb") as said:
            command = ["nice", "-n", "10", "bash", script, verb]
            try:
                done = subprocess.run(
                    command,
                    env=environment,
                    stdout=said,
                    stderr=subprocess.STDOUT,
                    timeout=seconds,
                    check=False,
                )
            except subprocess.TimeoutExpired as error:
                raise DoesNotStart(f"{verb} took longer than {seconds:.0f} s ({log})") from error
        if done.returncode != 0:
            last = log.read_text(errors="replace").strip().splitlines()[-1:]
            raise DoesNotStart(f"{verb}: {' '.join(last)[:300]} ({log})")

    if not (home() / "venv" / "bin" / "keystone-manage").exists():
        do("install", 1200)
    do("down", 120)
    try:
        do("init", 900)
        do("up", 600)
        yield furnished()
    finally:
        do("down", 120)


def furnished() -> Box:
    """Connect, and put in what a cloud offers: an external network, flavors, images, a share type, a host."""
    import openstack

    clouds = state() / "clouds.yaml"
    os.environ["OS_CLIENT_CONFIG_FILE"] = str(clouds)
    admin, member = openstack.connect(cloud="osbox-admin"), openstack.connect(cloud="osbox")
    for name, ram, cores in (("nf.small", 512, 1), ("nf.large", 1024, 2)):
        admin.compute.create_flavor(name=name, ram=ram, vcpus=cores, disk=1)
    for name in ("debian-12", "debian-13"):
        admin.create_image(
            name,
            data=b"\0" * 4096,
            disk_format="raw",
            container_format="bare",
            visibility="public",
            wait=True,
        )
    public = admin.network.create_network(
        name="public",
        is_router_external=True,
        provider_network_type="flat",
        provider_physical_network="public",
    )
    admin.network.create_subnet(
        network_id=public.id, name="public", ip_version=4, cidr="203.0.113.0/24", enable_dhcp=False
    )
    admin.shared_file_system.post(
        "/types",
        microversion="2.50",
        json={"share_type": {"name": "default", "extra_specs": {"driver_handles_share_servers": "False"}}},
    )
    project = member.current_project_id
    for role in ("heat_stack_owner",):
        found = admin.identity.find_role(role)
        user = admin.identity.find_user("demo")
        admin.identity.assign_project_role_to_user(project, user, found)
    box = Box(clouds, admin, member, {"OS_CLIENT_CONFIG_FILE": str(clouds)})
    box.quota(cores=60, instances=40, ram=200000, volumes=60, gigabytes=4000)
    return box


def lend_a_host(box: Box) -> None:
    """Give Blazar the one hypervisor to lease. It answers 500 on PostgreSQL although the host is added."""
    if not any(one.name == "freepool" for one in box.admin.compute.aggregates()):
        box.admin.compute.create_aggregate(name="freepool")
    where = {"service_type": "reservation", "interface": "public"}
    box.admin.session.post("/os-hosts", endpoint_filter=where, json={"name": "osbox"}, raise_exc=False)


def wait_until(claim: Callable[[], bool], what: str, seconds: float = 120) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not claim():
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds:.0f} s: {what}")
        time.sleep(0.5)


def plain(text: str) -> str:
    """Return output on one line, without colours."""
    return " ".join(re.sub(r"\x1b\[[0-9;]*m", "", text).split())
