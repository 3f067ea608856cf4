"""Nodes and reboots on a terminal."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from nightfleet.cluster.api import Api
from nightfleet.cluster.nodes import NodeView, nodes
from nightfleet.cluster.ssh import Shell
from nightfleet.errors import NightfleetError
from nightfleet.home import DEFAULT_SITE
from nightfleet.membership.reboot import Booted, RebootPlan
from nightfleet.membership.rebooting import Outcome, Reboot
from nightfleet.site import Site

PATIENCE = 10  # seconds: a list should come soon


def look(site: Site, shell: Shell) -> list[dict[str, Any]]:
    """Return one row per node of the site; what nobody could see is null."""
    try:
        views = nodes(Api.of(site, PATIENCE))
    except NightfleetError:
        views = {}
    asked = Reboot(site, shell).needed([node.name for node in site.fleet])
    return [
        {
            "name": node.name,
            "address": str(node.address),
            "roles": sorted(role.value for role in node.roles),
            **_cluster(views.get(node.name)),
            **_machine(asked[node.name]),
        }
        for node in site.fleet
    ]


def _cluster(view: NodeView | None) -> dict[str, Any]:
    if view is None:
        return {"in_cluster": False, "ready": None, "version": None, "closed_by": None}
    closed = (view.cordoned_by or "somebody") if view.cordoned else None
    return {"in_cluster": True, "ready": view.ready, "version": view.version, "closed_by": closed}


def _machine(booted: Booted | None) -> dict[str, Any]:
    if booted is None:
        return {"reached": False, "kernel": None, "boot_id": None, "state": None, "wants_reboot": None}
    return {
        "reached": True,
        "kernel": booted.kernel,
        "boot_id": booted.boot_id,
        "state": booted.state,
        "wants_reboot": [f"{need.by}: {need.reason}".rstrip(": ") for need in booted.needs],
    }


def print_nodes(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print a row per node."""
    table = Table("node", "address", "role", "Ready", "version", "kernel", "systemd", "notes", box=None)
    for row in rows:
        notes = [] if row["in_cluster"] else ["not in the cluster"]
        notes += [f"closed by {row['closed_by']}"] if row["closed_by"] else []
        notes += [f"wants a reboot ({why})" for why in row["wants_reboot"] or ()]
        notes += [] if row["reached"] else ["does not answer"]
        colour = "green" if row["ready"] == "True" else "bold red" if row["in_cluster"] else "dim"
        table.add_row(
            Text(row["name"], style="bold"),
            row["address"],
            ", ".join(row["roles"]),
            Text(row["ready"] or "-", style=colour),
            row["version"] or "-",
            row["kernel"] or "?",
            row["state"] or "?",
            Text("; ".join(notes), style="yellow"),
        )
    Console(highlight=False).print(table)


def print_needs(console: Console, asked: Mapping[str, Booted | None]) -> None:
    """Print who wants a reboot and why, and who did not answer."""
    for name, booted in asked.items():
        if booted is None:
            console.print(Text(f"{name}: does not answer: unknown whether it wants a reboot", style="yellow"))
        for need in booted.needs if booted else ():
            console.print(Text(f"{name}: {need.by}: {need.reason}".rstrip(": ")))


def print_reboot_plan(planned: RebootPlan) -> None:
    """Print the waves."""
    console = Console(highlight=False)
    for name in planned.skipped:
        console.print(f"{name}: rebooted by the run that was cut off")
    for number, wave in enumerate(planned.waves, start=1):
        words = ", ".join(f"{name} ({planned.pods.get(name, 0)} pods leave)" for name in wave)
        console.print(f"{number}. {words}")
    if not planned.waves:
        console.print("no node has to reboot")


def print_outcome(outcome: Outcome, site: str) -> None:
    """Print a row per node, and the next command."""
    console = Console(highlight=False)
    table = Table("node", "boot before", "boot now", "kernel", "time", "notes", box=None)
    for one in outcome.nodes:
        failed = f"failed units: {', '.join(one.failed_units)}" if one.failed_units else ""
        table.add_row(
            Text(one.node, style="bold red" if one.fault else "bold"),
            one.before[:8],
            one.after[:8],
            one.kernel,
            f"{one.seconds:.1f} s",
            Text(one.fault or failed),
        )
    console.print(table)
    for name in outcome.not_begun:
        console.print(Text(f"{name}: not rebooted, because of the above", style="yellow"))
    option = "" if site == DEFAULT_SITE else f" --site {shlex.quote(site)}"
    again = " ".join([*(one.node for one in outcome.nodes if one.fault), *outcome.not_begun])
    following = f"nightfleet node reboot {again}{option}" if again else f"nightfleet verify{option}"
    console.print(Text.assemble("next: ", (following, "bold")), soft_wrap=True)
