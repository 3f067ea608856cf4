"""Disks and their plans on a terminal."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.text import Text

from nightfleet.cli.options import where
from nightfleet.disks.eviction import Thresholds
from nightfleet.disks.picture import picture
from nightfleet.disks.words import size
from nightfleet.diskwork.move import MovePlan, Step
from nightfleet.diskwork.survey import Surveyed
from nightfleet.site import Site


def print_disks(site: Site, surveyed: Sequence[Surveyed]) -> None:
    """Draw the disks of each node."""
    console = Console(highlight=False)
    for one in surveyed:
        console.print(Text(one.node, style="bold"))
        if one.found is None:
            console.print(Text(f"  unknown: it does not answer: {one.silent}", style="yellow"))
            continue
        for line in picture(one.found, one.planned):
            console.print(Text(line), soft_wrap=True)
        for reason in one.refusals:
            console.print(Text(f"refused: {reason}", style="yellow"), soft_wrap=True)
    Console(stderr=True, highlight=False).print(
        Text(f"next: nightfleet disks plan{where(site.site)}", style="dim"), soft_wrap=True
    )


def print_plans(
    surveyed: Sequence[Surveyed], site: str, console: Console | None = None, following: bool = True
) -> None:
    """Print the steps of each node with the reasons for refusals, and kubelet's thresholds."""
    console = console or Console(highlight=False)
    for one in surveyed:
        console.print(Text(one.node, style="bold"))
        if one.silent:
            console.print(Text(f"  unknown: it does not answer: {one.silent}", style="yellow"))
        for reason in one.refusals:
            console.print(Text(f"  refused: {reason}", style="bold red"), soft_wrap=True)
        for step in one.planned.steps if one.planned else ():
            console.print(Text(f"  {step.says()}"), soft_wrap=True)
        for note in one.planned.notes if one.planned else ():
            console.print(Text(f"  note: {note}", style="dim"), soft_wrap=True)
        if one.planned and not (one.planned.steps or one.refusals):
            console.print(Text("  nothing to do: its disks are laid out", style="green"))
        if one.limits:
            print_limits(console, one.limits)
    if following:
        word = "doctor" if all(one.silent for one in surveyed) else "disks apply"
        console.print(Text.assemble("next: ", (f"nightfleet {word}{where(site)}", "bold")), soft_wrap=True)


def print_move(planned: MovePlan, back: bool = False) -> None:
    """Print the steps of a move or of its way back, or why it is refused."""
    console = Console(highlight=False)
    for reason in planned.refusals:
        console.print(Text(f"refused: {reason}", style="bold red"), soft_wrap=True)
    for number, step in enumerate(planned.steps, start=1):
        console.print(f"{number}. {step}" + (f" ({size(planned.bytes)})" if step is Step.COPY else ""))
        for line in planned.made if step is Step.MAKE else ():
            console.print(Text(f"   {line}"), soft_wrap=True)
    if not planned.steps and not planned.refusals:
        why = "no move is under way" if back else "images and pods lie on filesystems of their own"
        console.print(f"nothing to do: {why}")


def print_limits(console: Console, limits: Thresholds) -> None:
    """Print what kubelet is told, each line with its reason."""
    rows = {
        **limits.hard,
        "image GC begins at": f"{limits.gc_high} %",
        "image GC stops at": f"{limits.gc_low} %",
    }
    reasons = {
        **limits.because,
        "image GC begins at": limits.because["gc_high"],
        "image GC stops at": limits.because["gc_low"],
    }
    for name, value in rows.items():
        console.print(Text(f"  {name:<20} {value:>9}  ({reasons[name]})", style="dim"), soft_wrap=True)


def as_json(one: Surveyed, with_devices: bool = False) -> dict[str, Any]:
    """Return a node for machines."""
    planned = one.planned
    told: dict[str, Any] = {
        "node": one.node,
        "silent": one.silent or None,
        "layout": planned is not None,
        "refusals": one.refusals,
        "steps": [step.says() for step in planned.steps] if planned else [],
        "notes": planned.notes if planned else [],
        "volumes": [asdict(volume) | {"where": volume.where} for volume in planned.volumes]
        if planned
        else [],
        "thresholds": asdict(one.limits) if one.limits else None,
    }
    if with_devices and one.found:
        told["disks"] = [asdict(disk) for disk in one.found.disks]
        told["devices"] = [asdict(device) for device in one.found.devices.values()]
    return told
