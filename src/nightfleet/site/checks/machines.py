"""Claims about the nodes as machines: each is there once, and of a kind that this site can have."""

from collections.abc import Iterator

from nightfleet.site.checks.networks import fleet_fits_the_pod_network
from nightfleet.site.checks.ranges import readable
from nightfleet.site.classes import Kind
from nightfleet.site.faults import Fault
from nightfleet.site.model import Site


def names_are_unique(site: Site) -> Iterator[Fault]:
    seen: dict[str, str] = {}
    for members in readable(site):
        for name in members.names:
            if name in seen:
                also = "here twice" if seen[name] == members.key else f"in {seen[name]!r} as well"
                yield Fault(f"the node {name!r} is {also}", members.at, "every machine has a name of its own")
                break
            seen[name] = members.key


def addresses_are_unique(site: Site) -> Iterator[Fault]:
    seen: dict[str, str] = {}
    for members in readable(site):
        for name, address in zip(members.names, map(str, members.addresses), strict=True):
            if address in seen:
                yield Fault(
                    f"{name!r} and {seen[address]!r} have the same address {address}",
                    (*members.at, "address"),
                    "every machine has an address of its own",
                )
                break
            seen[address] = name


def gateway_is_nobodys_address(site: Site) -> Iterator[Fault]:
    if site.lab is None:
        return
    if site.lab.gateway not in site.network.nodes:
        yield Fault(
            f"lab.gateway, {site.lab.gateway}, is not in network.nodes, {site.network.nodes}",
            ("lab", "gateway"),
            "it is this machine's address on the bridge of the lab",
        )
    for members in readable(site):
        if site.lab.gateway in members.addresses:
            yield Fault(
                f"{site.lab.gateway} is lab.gateway, this machine's own address on the bridge",
                (*members.at, "address"),
                "give the node another address",
            )


def only_labs_have_containers(site: Site) -> Iterator[Fault]:
    kinds = {node.class_name: node.machine.kind for node in site.fleet}
    made_here = {name for name, kind in kinds.items() if kind is Kind.CONTAINER}
    others = {name for name, kind in kinds.items() if kind not in (Kind.CONTAINER, Kind.VM)}
    if made_here and site.lab is None:
        name = min(made_here)
        yield Fault(
            f"classes.{name}: nightfleet makes hosts of kind 'container', but there is no section 'lab'",
            ("classes", name, "kind"),
            "add the section 'lab', or say what the machines are: server, desktop or vm",
        )
    if others and site.lab is not None:
        name = min(others)
        kind = kinds[name].value
        yield Fault(
            f"classes.{name}: a site with the section 'lab' has containers and VMs, not kind {kind!r}",
            ("classes", name, "kind"),
            "write 'kind: container'; 'vm' is a machine of yours on the lab's bridge; or take 'lab' out",
        )


MACHINES = (
    names_are_unique,
    addresses_are_unique,
    gateway_is_nobodys_address,
    only_labs_have_containers,
    fleet_fits_the_pod_network,
)
