"""Claims about single ranges: they can be read, and every node in them can be made."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address

from nightfleet.site.expand import POD_PREFIX, pod_cidr, shares
from nightfleet.site.faults import At, Fault
from nightfleet.site.model import Site
from nightfleet.site.network import Cni
from nightfleet.site.nodes import NodeRange
from nightfleet.site.ranges import addresses_of, names_of
from nightfleet.site.section import LABEL
from nightfleet.site.words import nearest

RANGE = "a range is written like lab-w[1-4], desk-[001-040] or a1,a2,b[1,3]"


@dataclass(frozen=True, slots=True)
class Members:
    """A range that can be read: its key, its entry, and what both sides expand to."""

    key: str
    entry: NodeRange
    names: list[str]
    addresses: list[IPv4Address]

    @property
    def at(self) -> At:
        """Where the range stands in the file."""
        return ("nodes", self.key)


def readable(site: Site) -> Iterator[Members]:
    """Yield the ranges whose names and addresses can be read."""
    for key, entry in site.nodes.items():
        try:
            yield Members(key, entry, names_of(key), addresses_of(entry.address))
        except ValueError:
            continue  # ranges_can_be_read tells


def ranges_can_be_read(site: Site) -> Iterator[Fault]:
    for key, entry in site.nodes.items():
        try:
            names_of(key)
        except ValueError as error:
            yield Fault(f"nodes: {error}", ("nodes", key), RANGE)
        try:
            addresses_of(entry.address)
        except ValueError as error:
            yield Fault(
                f"nodes.{key}.address: {error}",
                ("nodes", key, "address"),
                "addresses are written like 10.77.0.11 or 10.77.0.[21-24]",
            )


def names_are_labels(site: Site) -> Iterator[Fault]:
    for members in readable(site):
        bad = [name for name in members.names if not re.fullmatch(LABEL, name)]
        if bad:
            yield Fault(
                f"{bad[0]!r} cannot be the name of a node",
                members.at,
                "a name has lower-case letters, digits and '-' inside, at most 63 (a DNS label)",
            )


def names_and_addresses_are_as_many(site: Site) -> Iterator[Fault]:
    for members in readable(site):
        names, addresses = len(members.names), len(members.addresses)
        if names != addresses:
            yield Fault(
                f"{members.key!r} means {counted(names, 'node')}, its address {members.entry.address!r} "
                f"{counted(addresses, 'address')}",
                (*members.at, "address"),
                "the first name gets the first address, and so on",
            )


def classes_are_known(site: Site) -> Iterator[Fault]:
    for key, entry in site.nodes.items():
        if entry.class_ not in site.classes:
            near = nearest(entry.class_, site.classes)
            yield Fault(
                f"nodes.{key}: unknown class {entry.class_!r}",
                ("nodes", key, "class"),
                f"did you mean {near!r}?" if near else f"classes of this site: {', '.join(site.classes)}",
            )


def addresses_are_in_the_node_network(site: Site) -> Iterator[Fault]:
    network = site.network.nodes
    ends = {network.network_address: "the network itself", network.broadcast_address: "the broadcast address"}
    for members in readable(site):
        at = (*members.at, "address")
        for address in members.addresses:
            if address not in network:
                yield Fault(f"{address} is not in network.nodes, {network}", at, "correct one of them")
                break
            if address in ends and network.prefixlen < 31:
                yield Fault(f"{address} is {ends[address]} of {network}", at, "give the node another address")


def routed_nodes_have_a_pod_network(site: Site) -> Iterator[Fault]:
    if site.network.cni is not Cni.ROUTED:
        return
    for members in readable(site):
        for address in members.addresses:
            try:
                if address in site.network.nodes:
                    pod_cidr(site.network, address)
            except ValueError as error:
                last = int(address) - int(site.network.nodes.network_address)
                yield Fault(
                    str(error),
                    (*members.at, "address"),
                    f"network.pods has {shares(site.network)} of them; "
                    f"a /{POD_PREFIX - last.bit_length()} is enough",
                )
                break


def counted(number: int, noun: str) -> str:
    """`2, "node"` -> 2 nodes."""
    plural = f"{noun}es" if noun.endswith("s") else f"{noun}s"
    return f"{number} {noun if number == 1 else plural}"


RANGES = (
    ranges_can_be_read,
    names_are_labels,
    names_and_addresses_are_as_many,
    classes_are_known,
    addresses_are_in_the_node_network,
    routed_nodes_have_a_pod_network,
)
