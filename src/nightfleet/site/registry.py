"""`registry`: where nodes pull images from."""

from enum import StrEnum

from pydantic import Field

from nightfleet.site.section import Directory, Section, Url


class RegistryKind(StrEnum):
    """Which program serves; both look the same to containerd."""

    DISTRIBUTION = "distribution"  # the reference registry, from the system's packages


class Project(Section):
    """Images of one upstream registry: pushed here, or fetched from it at the first pull."""

    pull_through: Url | None = Field(
        None, description="URL to fetch from at the first pull; without it images are pushed to this registry"
    )
    seed: bool = Field(False, description="push the depot's images of this upstream here")


class Registry(Section):
    """One service node that mirrors upstream registries and takes pushes."""

    kind: RegistryKind = Field(RegistryKind.DISTRIBUTION, description="the program that serves")
    port: int = Field(
        5000, ge=1, le=65000, description="first port; each pull-through project takes the next"
    )
    projects: dict[str, Project] = Field(
        default_factory=dict, description="by upstream name", examples=[{"registry.k8s.io": {"seed": True}}]
    )
    storage: Directory = Field("/var/lib/registry", description="directory on the registry node")

    def port_of(self, upstream: str) -> int:
        """Return where `upstream` is served: pushed projects share the first port, others follow in order."""
        own = [name for name, project in self.projects.items() if project.pull_through]
        return self.port + 1 + own.index(upstream) if upstream in own else self.port
