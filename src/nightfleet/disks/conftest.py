"""Recorded machines, layouts for them, and steps carried out on paper."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from nightfleet.disks import steps
from nightfleet.disks.found import SECTOR, Device, Found
from nightfleet.disks.look import read
from nightfleet.disks.sizes import HEAD
from nightfleet.disks.steps import State, Step, label, partition_path
from nightfleet.disks.volume import Wish
from nightfleet.site.disks import Layout

RECORDED = Path(__file__).parent / "recorded"
MACHINES = sorted(path.stem for path in RECORDED.glob("*.json"))
VIRTIO: dict[str, Any] = {
    "use": {"disk": {"transport": "virtio", "at_least": "50GiB"}},
    "imagefs": {"on": "disk", "size": "40GiB"},
    "nodefs": {"on": "disk", "size": "20GiB"},
    "scratch": {"on": "disk", "size": "38GiB"},
}


def answer(name: str) -> list[str]:
    """Return a recorded machine as look.sh would print it."""
    lines = []
    for section, content in json.loads((RECORDED / f"{name}.json").read_text())["sections"].items():
        lines.append(f"== {section}")
        if section.startswith("blkid "):
            lines += [f"{key}={value}" for key, value in content.items()]
        elif isinstance(content, dict):
            lines += json.dumps(content, indent=1).splitlines()
        else:
            lines += content
    return lines


def machine(name: str) -> Found:
    """Return a recorded machine."""
    return read(answer(name))


def wish(layout: dict[str, Any] | None = None, opened: str = "", node: str = "n1", **volumes: Any) -> Wish:
    """Return what is wanted on node n1: three filesystems on a virtio disk, or another layout."""
    model = Layout.model_validate({**(layout or VIRTIO), **volumes})
    return Wish("s", node, model, frozenset({opened} - {""}))


def on(place: dict[str, Any], **sizes: str) -> dict[str, Any]:
    """Return a layout on one place."""
    return {"use": {"it": place}, **{name: {"on": "it", "size": size} for name, size in sizes.items()}}


def carried_out(found: Found, step: Step) -> Found:
    """Return the machine after a step on a disk."""
    devices = dict(found.devices)
    match step:
        case steps.Erase(disk=disk):
            for below in found.below(disk):
                del devices[below.name]
            devices[disk.name] = replace(disk, tags={}, signatures=(), written=False)
        case steps.MakeTable(disk=disk, parts=parts) | steps.AddParts(disk=disk, parts=parts):
            devices[disk.name] = replace(
                devices[disk.name], tags={"PTTYPE": "gpt"}, signatures=("gpt", "PMBR"), written=None
            )
            there = found.partitions(devices[disk.name]) if isinstance(step, steps.AddParts) else []
            start = max([HEAD, *(part.end for part in there)])
            for number, part in enumerate(parts, start=max([0, *(one.number for one in there)]) + 1):
                made = partition(devices[disk.name], number, start, part.size, label(part.purpose, State.NEW))
                devices[made.name] = made
                start += part.size
        case steps.FormatPart(disk=disk, number=number, purpose=purpose, filesystem=kind, uuid=uuid):
            old = devices[partition_path(disk.name, number)]
            name = label(purpose, State.BEGUN)
            tags = {**old.tags, "PART_ENTRY_NAME": name, "TYPE": kind, "UUID": uuid}
            devices[old.name] = replace(
                old, tags=tags, signatures=(kind,), inside="empty", room=old.size, written=None
            )
        case steps.NamePart(disk=disk, number=number, purpose=purpose):
            old = devices[partition_path(disk.name, number)]
            devices[old.name] = replace(old, tags={**old.tags, "PART_ENTRY_NAME": label(purpose)}, inside="")
        case steps.GrowPart(disk=disk, number=number, size=size):
            old = devices[partition_path(disk.name, number)]
            devices[old.name] = replace(old, size=size)
    return replace(found, devices=devices)


def cut_off(found: Found, step: steps.FormatPart) -> list[Found]:
    """Return the machine after a power cut in a format: with a superblock already, and with bytes only."""
    after = carried_out(found, step)
    part = after.devices[partition_path(step.disk.name, step.number)]
    tags = {name: value for name, value in part.tags.items() if name.startswith("PART_")}
    moments = (
        replace(part, inside="unmountable"),
        replace(part, tags=tags, signatures=(), inside="", written=True),
    )
    return [replace(after, devices={**after.devices, part.name: moment}) for moment in moments]


def partition(disk: Device, number: int, start: int, size: int, name: str) -> Device:
    """Return a new partition of zeros."""
    tags = {
        "PART_ENTRY_NAME": name,
        "PART_ENTRY_NUMBER": str(number),
        "PART_ENTRY_OFFSET": str(start // SECTOR),
    }
    path = partition_path(disk.name, number)
    return Device(path, "part", size, path, parents=(disk.name,), tags=tags, written=False)
