"""containerd, decided: artifacts, files and the unit. Pure."""

from dataclasses import dataclass
from pathlib import Path

from deploys.hostops.machine import Machine
from deploys.hostops.wanted import File, Install, Unit
from nightfleet.depot.model import Index
from nightfleet.site import Node, Role, Site

TEMPLATES = Path(__file__).parent / "templates"
PLUGINS = ("bandwidth", "bridge", "firewall", "host-local", "loopback", "portmap", "tuning")
BINARIES = ("containerd", "containerd-shim-runc-v2", "ctr")
PAUSE = "registry.k8s.io/pause"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Everything that containerd puts on one host."""

    installs: tuple[Install, ...]
    files: tuple[File, ...]
    units: tuple[Unit, ...]


def plan(machine: Machine, site: Site, node: Node, index: Index) -> Wanted:
    """Decide what containerd puts on `node`."""
    versions = site.artifacts
    config = File.from_template(
        "/etc/containerd/config.toml",
        TEMPLATES / "config.toml.j2",
        sandbox=sandbox_image(index, node.kubernetes, machine.arch),
        # runc may not lower a sandbox's OOM score below its own without CAP_SYS_RESOURCE
        restrict_oom=not machine.may_raise_limits,
        max_parallel_downloads=site.containerd.max_parallel_downloads,
        log_level=site.containerd.log_level,
    )
    unit = File("/etc/systemd/system/containerd.service", _text("containerd.service"))
    conf_d = File("/etc/containerd/conf.d/README", _text("conf.d.README"))
    return Wanted(
        installs=(
            Install(
                index.artifact("containerd", versions.containerd, machine.arch),
                {f"/usr/local/bin/{name}": f"bin/{name}" for name in BINARIES},
            ),
            Install(index.artifact("runc", versions.runc, machine.arch), {"/usr/local/sbin/runc": "runc"}),
            Install(
                index.artifact("cni-plugins", versions.cni_plugins, machine.arch),
                {f"/opt/cni/bin/{name}": name for name in PLUGINS},
            ),
        ),
        files=(config, conf_d, unit, *mirrors(site)),
        units=(
            Unit(
                "containerd.service",
                reads=(config.path, "/etc/containerd/conf.d", unit.path, "/usr/local/bin/containerd"),
            ),
        ),
    )


def sandbox_image(index: Index, kubernetes: str, arch: str) -> str:
    """Return the pause image that belongs to a Kubernetes version."""
    return next(
        image.reference for image in index.images(kubernetes, arch) if image.reference.startswith(f"{PAUSE}:")
    )


def mirrors(site: Site) -> list[File]:
    """One hosts.toml per upstream that the registry node mirrors; none without a registry node.

    A pushed project lives under its upstream's name on the first port; a pull-through one has its own port.
    """
    servers = site.having(Role.REGISTRY)
    if not servers:
        return []
    address, registry = servers[0].address, site.registry
    files = []
    for upstream, project in registry.projects.items():
        port = registry.port_of(upstream)
        path = "" if project.pull_through else f"/{upstream}"
        files.append(
            File.from_template(
                f"/etc/containerd/certs.d/{upstream}/hosts.toml",
                TEMPLATES / "hosts.toml.j2",
                upstream=upstream,
                url=f"http://{address}:{port}/v2{path}",
            )
        )
    return files


def _text(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")
