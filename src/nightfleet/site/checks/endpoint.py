"""Claims about the shared endpoint: an address that control planes can pass on to each other."""

from collections.abc import Iterator

from nightfleet.site.checks.ranges import readable
from nightfleet.site.faults import Fault
from nightfleet.site.model import Site

ADDRESS = ("endpoint", "virtual_address")
TAKEN = {22: "ssh", 2379: "etcd", 2380: "etcd", 2381: "etcd", 6443: "the API server", 10250: "kubelet"}


def virtual_address_is_near(site: Site) -> Iterator[Fault]:
    address, nodes = site.shared_endpoint.virtual_address, site.network.nodes
    if address is None:
        return
    if address not in nodes or address in (nodes.network_address, nodes.broadcast_address):
        yield Fault(
            f"endpoint.virtual_address, {address}, is no host address of network.nodes, {nodes}",
            ADDRESS,
            "it moves between control planes by ARP: take a free address of their own network",
        )


def virtual_address_is_nobodys(site: Site) -> Iterator[Fault]:
    address = site.shared_endpoint.virtual_address
    owners = {
        found: name
        for members in readable(site)
        for name, found in zip(members.names, members.addresses, strict=False)
    }
    owner = owners.get(address) if address else None
    if address and site.lab and site.lab.gateway == address:
        owner = "the lab's gateway"
    if owner:
        yield Fault(
            f"endpoint.virtual_address, {address}, is the address of {owner}",
            ADDRESS,
            "take an address that no machine has: it lies on whichever control plane is alive",
        )


def there_is_one_endpoint(site: Site) -> Iterator[Fault]:
    if site.shared_endpoint.virtual_address and site.kubernetes.endpoint:
        yield Fault(
            "endpoint.virtual_address and kubernetes.endpoint both say where the API is",
            ADDRESS,
            "keep the first for an address that the control planes hold themselves,"
            " the second for a load balancer of your own",
        )


def endpoint_port_is_free(site: Site) -> Iterator[Fault]:
    port = site.shared_endpoint.port
    if port in TAKEN:
        yield Fault(
            f"endpoint.port, {port}, belongs to {TAKEN[port]} on every control plane",
            ("endpoint", "port"),
            "8443 is free on most machines",
        )


ENDPOINT = (virtual_address_is_near, virtual_address_is_nobodys, there_is_one_endpoint, endpoint_port_is_free)
