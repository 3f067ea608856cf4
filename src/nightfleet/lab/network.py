"""The lab's network on the machine: a bridge with the gateway address, and a firewall table of its own."""

import contextlib
import json
import shlex
from pathlib import Path

from nightfleet.errors import NightfleetError
from nightfleet.lab.command import available, run, succeeds
from nightfleet.lab.layout import Layout
from nightfleet.lab.machine import Interface, interfaces
from nightfleet.lab.spec import LabSpec

FORWARD = Path("/proc/sys/net/ipv4/ip_forward")


def is_ours(interface: Interface, layout: Layout) -> bool:
    return interface.kind == "bridge" and interface.mac == layout.mac


def bridge_commands(spec: LabSpec, layout: Layout, found: Interface | None) -> list[list[str]]:
    """What is still to do for the bridge, whichever command was the last that ran; nothing when it stands."""
    commands = []
    if found is None:
        commands.append(["ip", "link", "add", "name", spec.bridge, "address", layout.mac, "type", "bridge"])
    if found is None or found.alias != layout.mark:  # set last: it says that the bridge is whole
        commands += [
            ["ip", "address", "replace", spec.gateway, "dev", spec.bridge],
            ["ip", "link", "set", "dev", spec.bridge, "up"],
            ["ip", "link", "set", "dev", spec.bridge, "alias", layout.mark],
        ]
    return commands


def table(spec: LabSpec, layout: Layout) -> str:
    """The whole table, replacing an older one in one transaction."""
    return f"""\
table ip {layout.table}
delete table ip {layout.table}
table ip {layout.table} {{
  comment "{layout.mark}"
  chain postrouting {{
    type nat hook postrouting priority srcnat
    ip saddr {spec.subnet} ip daddr != {spec.subnet} oifname != "{spec.bridge}" masquerade
  }}
  chain forward {{
    type filter hook forward priority filter
    iifname "{spec.bridge}" accept
    oifname "{spec.bridge}" accept
  }}
}}
"""


PASSABLE = {  # the chains of iptables that Docker and ufw make dropping, and who must pass there
    "ip filter FORWARD": ("FORWARD", ("-i", "-o")),
    "ip filter INPUT": ("INPUT", ("-i",)),
}


def pass_rules(spec: LabSpec, layout: Layout, dropping_chains: frozenset[str]) -> list[list[str]]:
    """Rules of iptables that let the lab pass where another firewall drops what it does not know."""
    comment = ["-m", "comment", "--comment", layout.mark, "-j", "ACCEPT"]
    return [
        [chain, direction, spec.bridge, *comment]
        for name, (chain, directions) in PASSABLE.items()
        if name in dropping_chains
        for direction in directions
    ]


def marked_rules(listing: str, layout: Layout) -> list[list[str]]:
    """The lab's rules in the output of `iptables -S`."""
    rules = [shlex.split(line) for line in listing.splitlines()]
    return [rule[1:] for rule in rules if rule[0] == "-A" and layout.mark in rule]


def ensure(spec: LabSpec, layout: Layout, dropping_chains: frozenset[str]) -> None:
    found = next((one for one in interfaces() if one.name == spec.bridge), None)
    if found is not None and not is_ours(found, layout):
        raise NightfleetError(
            f"interface '{spec.bridge}' is not the lab's",
            spec.name,
            "choose another bridge name in the site file",
        )
    for command in bridge_commands(spec, layout, found):
        run(command, where=spec.bridge)
    if not spec.forward:
        return
    if not succeeds(["nft", "list", "table", "ip", layout.table]):
        run(["nft", "-f", "-"], stdin=table(spec, layout), where=layout.table)
    for rule in pass_rules(spec, layout, dropping_chains):
        if not succeeds(["iptables", "-C", *rule]):
            run(["iptables", "-I", *rule], where=spec.bridge)
    if FORWARD.read_text().strip() != "1":
        FORWARD.write_text("1\n")


def port_of(bridge: str) -> set[str]:
    return {one.name for one in interfaces() if one.master == bridge}


def remove(layout: Layout) -> list[str]:
    """Take away what carries the lab's mark, whatever the bridge was called; returns what was removed."""
    if not (available("ip") and available("nft")):  # no lab was ever made here
        return []
    removed = []
    for bridge in [one for one in interfaces() if is_ours(one, layout)]:
        for name in (*sorted(port_of(bridge.name)), bridge.name):
            with contextlib.suppress(NightfleetError):  # a host's end goes by itself when its network ends
                run(["ip", "link", "delete", "dev", name])
                removed.append(f"interface {name}")
    tables = json.loads(run(["nft", "-json", "list", "tables"]))["nftables"]
    if any(item.get("table", {}).get("name") == layout.table for item in tables):
        run(["nft", "delete", "table", "ip", layout.table])
        removed.append(f"firewall table {layout.table}")
    removed += _remove_pass_rules(layout)
    return removed


def _remove_pass_rules(layout: Layout) -> list[str]:
    if not available("iptables"):
        return []
    rules = marked_rules(run(["iptables", "-S"]), layout)
    for rule in rules:
        run(["iptables", "-D", *rule])
    return [f"firewall rule {' '.join(rule)}" for rule in rules]
