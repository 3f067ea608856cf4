"""registry, decided: one instance for what is pushed, one per upstream that is fetched on demand. Pure."""

from dataclasses import dataclass
from pathlib import Path

from deploys.hostops.wanted import File, Link, Unit
from nightfleet.depot.model import Index
from nightfleet.site import Role, Site

TEMPLATES = Path(__file__).parent / "templates"
ETC = "/etc/nightfleet/registry"
AHEAD = ("skopeo",)  # may come before the mask: it has no service
PACKAGES = ("docker-registry", *AHEAD)


@dataclass(frozen=True, slots=True)
class Seed:
    """One image that should be in the registry."""

    tag: str  # repository:tag here, such as registry.k8s.io/pause:3.10.2
    digest: str  # of its manifest
    archive: str  # sha256/file, as the depot serves it
    sha256: str


@dataclass(frozen=True, slots=True)
class Instance:
    """One registry process."""

    name: str
    listen: str  # address:port
    storage: str  # folder below registry.storage
    read_only: bool = False
    pull_through: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Everything that registry puts on its host."""

    packages: tuple[str, ...]
    masks: tuple[Link, ...]
    files: tuple[File, ...]
    units: tuple[Unit, ...]
    seeds: tuple[Seed, ...]
    port: int
    depot: str | None


def plan(site: Site, index: Index, arch: str) -> Wanted:
    """Decide what the registry node serves."""
    registry = site.registry
    unit = File.from_template(
        "/etc/systemd/system/nightfleet-registry@.service",
        TEMPLATES / "nightfleet-registry@.service.j2",
        storage=registry.storage,
    )
    configs = [
        File.from_template(
            f"{ETC}/{one.name}.yml",
            TEMPLATES / "registry.yml.j2",
            storage=f"{registry.storage}/{one.storage}",
            listen=one.listen,
            read_only=one.read_only,
            pull_through=one.pull_through,
        )
        for one in instances(site)
    ]
    return Wanted(
        packages=PACKAGES,
        masks=(Link("/etc/systemd/system/docker-registry.service", "/dev/null"),),
        files=(unit, *configs),
        units=tuple(
            Unit(f"nightfleet-registry@{one.name}.service", reads=(config.path, unit.path))
            for one, config in zip(instances(site), configs, strict=True)
        ),
        seeds=tuple(seeds(site, index, arch)),
        port=registry.port,
        depot=site.artifacts.depot,
    )


def instances(site: Site) -> list[Instance]:
    """Return the processes of the registry node.

    What is pushed is written on the node itself alone; the network sees the same images read-only, for
    whoever could overwrite kube-proxy's image would be root on every node.
    """
    address = site.having(Role.REGISTRY)[0].address
    registry = site.registry
    return [
        Instance("push", f"127.0.0.1:{registry.port}", "push"),
        Instance("pull", f"{address}:{registry.port}", "push", read_only=True),
        *(
            Instance(name, f"{address}:{registry.port_of(name)}", name, pull_through=project.pull_through)
            for name, project in registry.projects.items()
            if project.pull_through
        ),
    ]


def seeds(site: Site, index: Index, arch: str) -> list[Seed]:
    """Return the lock's images of every seeded project, for each Kubernetes version in the fleet."""
    wanted = [name for name, project in site.registry.projects.items() if project.seed]
    versions = sorted({site.artifacts.kubernetes, *(node.kubernetes for node in site.fleet)})
    found = {
        image.reference: Seed(image.reference, image.digest, image.path, image.sha256)
        for version in versions
        for image in index.images(version, arch)
        if image.reference.split("/", 1)[0] in wanted
    }
    return list(found.values())
