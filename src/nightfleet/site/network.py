"""`network`: address ranges, names and the pod network."""

from enum import StrEnum

from pydantic import Field

from nightfleet.site.section import Domain, Network4, Resolver, Section


class Cni(StrEnum):
    """Who connects pods."""

    ROUTED = "routed"  # bridge plugin and one plain route per node; all nodes on one LAN
    CILIUM = "cilium"  # Helm chart; for real sites


class Network(Section):
    """The three ranges of a cluster, which must not overlap."""

    nodes: Network4 = Field(description="the network that all nodes share", examples=["10.77.0.0/24"])
    pods: Network4 = Field(description="pod addresses; a /24 of it per node", examples=["10.78.0.0/16"])
    services: Network4 = Field(description="Service addresses", examples=["10.79.0.0/16"])
    domain: Domain = Field("nightfleet.internal", description="DNS domain of the nodes, for /etc/hosts")
    cluster_domain: Domain = Field("cluster.local", description="DNS domain of Services")
    cni: Cni = Field(Cni.CILIUM, description="routed (one LAN, no daemon) or cilium")
    resolvers: tuple[Resolver, ...] = Field(
        (), description="name servers for CoreDNS to forward to; by default those of its node"
    )
