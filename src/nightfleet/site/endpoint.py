"""`endpoint`: one address for all control planes, kept up by themselves."""

from pydantic import Field

from nightfleet.site.section import Address, Interface, Section


class Endpoint(Section):
    """A virtual address that always lies on one control plane that is alive; without it there is none."""

    virtual_address: Address | None = Field(
        None, description="a free address of network.nodes; the API is reached here"
    )
    port: int = Field(
        8443, ge=1, le=65535, description="port there; the API servers themselves hold 6443 on these hosts"
    )
    router_id: int = Field(
        51, ge=1, le=255, description="VRRP router id; another one for every such group on the same LAN"
    )
    interface: Interface | None = Field(
        None, description="network interface; by default the one that carries the node's address"
    )
