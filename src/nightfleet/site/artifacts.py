"""`artifacts`: which versions are installed, and where nodes get them."""

from pydantic import Field

from nightfleet.site.section import Section, Url, Version


class Artifacts(Section):
    """Versions must be in versions.yaml, which holds their sha256."""

    depot: Url | None = Field(
        None,
        description="URL of `nightfleet depot serve`; without it nodes download from the release sites",
        examples=["http://10.77.0.1:8477"],
    )
    kubernetes: Version = Field(
        "1.36.3", description="control plane, and kubelets unless a node range says otherwise"
    )
    containerd: Version = Field("2.3.4", description="container runtime")
    runc: Version = Field("1.4.3", description="what containerd starts containers with")
    cni_plugins: Version = Field(
        "1.9.1", description="reference CNI plugins: bridge, host-local, loopback, portmap"
    )
    helm: Version = Field("3.18.4", description="only with network.cni: cilium")
    cilium_chart: Version = Field(
        "1.18.4", description="only with network.cni: cilium; add it to versions.yaml with its sha256"
    )
