"""`kubernetes`: the control plane and kubelet."""

from pydantic import Field

from nightfleet.site.section import HostPort, Name, Section, Threshold


class Eviction(Section):
    """Hard eviction thresholds, one per signal (kubelet drops its defaults as soon as one is set)."""

    memory_available: Threshold = Field(
        "200Mi", alias="memory.available", description="free memory of the node"
    )
    nodefs_available: Threshold = Field(
        "10%", alias="nodefs.available", description="free space where kubelet keeps pods and logs"
    )
    nodefs_inodes_free: Threshold = Field("5%", alias="nodefs.inodesFree", description="free inodes there")
    imagefs_available: Threshold = Field(
        "15%", alias="imagefs.available", description="free space where containerd keeps images"
    )
    imagefs_inodes_free: Threshold = Field("5%", alias="imagefs.inodesFree", description="free inodes there")


class Kubernetes(Section):
    """Settings of the cluster; versions are in `artifacts`."""

    name: Name = Field("nightfleet", description="cluster name")
    endpoint: HostPort | None = Field(
        None, description="host:port of the API; by default the first control plane's address and 6443"
    )
    eviction: Eviction = Field(default_factory=Eviction, description="when kubelet starts to evict pods")
    image_gc_high: int = Field(80, ge=1, le=100, description="percent of imagefs in use that starts image GC")
    image_gc_low: int = Field(70, ge=0, le=99, description="percent of imagefs in use that image GC aims at")
    serialize_image_pulls: bool = Field(False, description="pull one image at a time")
    max_parallel_image_pulls: int = Field(
        3, ge=1, description="images pulled at once on one node, when not serialized"
    )
