"""`cloud`: only where Terraform makes the machines on OpenStack: state, limits, leases, backups."""

from typing import Annotated, Literal

from pydantic import Field

from nightfleet.site.section import File, Line, Name, Section, Setting, Word, form

Key = Annotated[str, form("[a-z][a-z0-9_]*", "a setting's name like 'bucket'")]


class Backend(Section):
    """Where Terraform keeps its state; `nightfleet cloud init` writes it to backend.tf.json."""

    type: Literal["local", "http", "pg", "s3", "gcs", "azurerm", "consul", "kubernetes"] = Field(
        "local", description="kind of backend, in Terraform's words"
    )
    settings: dict[Key, Setting] = Field(
        default_factory=dict,
        description="its settings; credentials come from its own environment variables, never from here",
        examples=[{"bucket": "cluster-state", "key": "gpu.tfstate"}],
    )


class CloudLimits(Section):
    """What the guard before an apply lets pass by itself."""

    harmed_nodes: int = Field(
        1, ge=0, description="most nodes that one apply may replace, rebuild, resize or delete"
    )


class Reservation(Section):
    """What a lease reserves: whole hosts, or room for instances."""

    kind: Literal["host", "instance"] = Field(
        "instance", description="physical:host or virtual:instance, in Blazar's words"
    )
    amount: int = Field(1, ge=1, description="hosts or instances")
    vcpus: int = Field(1, ge=1, description="CPUs of each instance")
    memory: int = Field(1024, ge=1, description="MiB of each instance")
    disk: int = Field(0, ge=0, description="GiB of each instance's own disk")
    properties: Line = Field(
        "", description="which hosts, as Blazar writes it", examples=['["==", "$gpu", "a100"]']
    )


class Leases(Section):
    """Time on machines that is reserved in advance (Blazar)."""

    reserve: dict[Name, Reservation] = Field(
        default_factory=dict, description="reservations, each made as a lease of its name"
    )
    longest_job: int = Field(
        0, ge=0, description="hours of the longest job band; a lease that is shorter is refused"
    )
    warn_before: int = Field(
        120, ge=0, description="minutes before the end of a lease from which the wind-down is told"
    )


class VolumeBackups(Section):
    """Copies of data volumes by the cloud itself; databases and etcd have backups of their own."""

    kind: Literal["backup", "snapshot"] = Field(
        "backup", description="backup: a copy in another store; snapshot: quick, in the same store"
    )
    uses: tuple[Name, ...] = Field(
        ("storage",), description="which disks of nodes, by their use in Terraform's `volumes`"
    )
    every: int = Field(24, ge=1, description="hours between two backups of a volume")
    keep: int = Field(7, ge=1, description="backups of a volume that are kept; the newest good one always is")


class Prices(Section):
    """What the project pays, for the preview before an apply. Without prices there is no preview of cost."""

    currency: Word = Field("EUR", description="how amounts are shown")
    flavors: dict[str, float] = Field(
        default_factory=dict, description="per hour, by flavor", examples=[{"g1.a100x1": 2.5}]
    )
    volume: float = Field(0.0, ge=0, description="per GiB and month (730 hours)")
    floating_ip: float = Field(0.0, ge=0, description="per hour")


class Cloud(Section):
    """A project on OpenStack. Without `nodes` in the site file, the nodes are those that Terraform made."""

    name: Word | None = Field(
        None, description="entry of clouds.yaml; by default the environment's OS_CLOUD or OS_* variables"
    )
    directory: File = Field(
        description="Terraform's root module; relative paths start at the site file",
        examples=["../../terraform/examples/gpu-cluster"],
    )
    outputs: File = Field(
        "outputs.json",
        description="what `terraform output -json` said, recorded by nightfleet cloud apply",
    )
    tool: Literal["terraform", "tofu"] = Field("terraform", description="Terraform, or OpenTofu")
    parallelism: int = Field(10, ge=1, le=100, description="resources that are made at the same time")
    backend: Backend = Field(default_factory=Backend, description="where the state is kept")
    limits: CloudLimits = Field(default_factory=CloudLimits, description="what the guard lets pass")
    leases: Leases = Field(default_factory=Leases, description="reservations by Blazar")
    backups: VolumeBackups = Field(default_factory=VolumeBackups, description="backups of data volumes")
    prices: Prices = Field(default_factory=Prices, description="for the preview of cost")
