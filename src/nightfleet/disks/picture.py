"""A machine's disks drawn for a terminal: what is on them, and what a plan would make of them. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from nightfleet.disks.blank import WHAT, in_use, why_not
from nightfleet.disks.choose import transport
from nightfleet.disks.found import GIB, Device, Found
from nightfleet.disks.plan import DiskPlan
from nightfleet.disks.steps import AddParts, MakeTable
from nightfleet.disks.volume import Volume
from nightfleet.disks.words import size

WIDTH = 92  # columns of a whole disk
NARROWEST = 8  # columns of its smallest part
LINES = 3  # of text in a part


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a disk: how much of it, and what is written into it."""

    size: int
    text: tuple[str, ...]


def picture(found: Found, planned: DiskPlan | None = None) -> list[str]:
    """Return the lines; what a plan would make is marked with `+`."""
    lines: list[str] = []
    if found.container:
        lines += [f"a container ({found.container}): it has no disks of its own", ""]
    for disk in found.disks:
        lines += [heading(found, disk, planned), *bar(segments(found, disk, planned)), ""]
    for group in found.groups.values():
        lines.append(f"volume group {group.name}: {size(group.size)}, {size(group.free)} free")
        lines += [f"  {one.name} {size(one.size)}" for one in found.logicals if one.group == group.name]
        lines.append("")
    for path, folder in found.folders.items():
        lines.append(f"{path}: {size(folder.free)} of {size(folder.size)} free")
        images = [one for one in found.images.values() if one.path.startswith(f"{path}/")]
        lines += [f"  {one.path.rpartition('/')[2]} {size(one.size)}" for one in images]
        lines += [f"  + {step.says()}" for step in (planned.steps if planned else ()) if path in step.says()]
        lines.append("")
    return lines[:-1]


def heading(found: Found, disk: Device, planned: DiskPlan | None) -> str:
    """Name a disk, and say in a few words how it stands."""
    kind = [transport(disk) or disk.kind, disk.model, f"serial {disk.serial}" if disk.serial else ""]
    health = {True: "SMART good", False: "SMART: failing", None: ""}[disk.healthy]
    words = [disk.name, size(disk.size), *kind, health]
    ours = [volume for volume in (planned.volumes if planned else ()) if disk.name == volume.disk]
    state = "of the layout" if ours else ""
    if not state:
        used = any(True for _ in in_use(found, disk))
        state = "in use" if used else "empty" if not why_not(found, disk) else "not empty"
    return f"{'  '.join(word for word in words if word)}  [{state}]"


def segments(found: Found, disk: Device, planned: DiskPlan | None) -> list[Segment]:
    """Return what is on a disk in its order, then what is planned there, then what is free."""
    parts = [Segment(part.size, written(found, part)) for part in found.partitions(disk)]
    if not parts and disk.signatures:
        return [
            Segment(disk.size, (", ".join(WHAT.get(one, one) for one in disk.signatures), size(disk.size)))
        ]
    for step in planned.steps if planned else ():
        if isinstance(step, MakeTable | AddParts) and step.disk.name == disk.name:
            volumes = planned.by_purpose if planned else {}
            parts += [Segment(part.size, coming(volumes[part.purpose])) for part in step.parts]
    free = disk.size - sum(part.size for part in parts)
    if free >= GIB or not parts:
        parts.append(Segment(free, ("free", size(free))))
    return parts


def written(found: Found, part: Device) -> tuple[str, ...]:
    """Return what is written into a partition: what it is, how large, where it is mounted."""
    below = [f"{one.name.rpartition('/')[2]} {' '.join(one.mounted[:1])}" for one in found.below(part)]
    name = part.label.removeprefix("nightfleet-") if part.label.startswith("nightfleet-") else ""
    title = (
        name or part.tags.get("LABEL", "") or WHAT.get(part.filesystem, part.filesystem) or part.label or "?"
    )
    kind = f"{size(part.size)} {part.filesystem}" if name else size(part.size)
    used = ["swap in use"] if part.swapping else []
    return (title, kind.strip(), ", ".join([*used, *part.mounted[:1], *below[:2]]))


def coming(volume: Volume) -> tuple[str, ...]:
    """Return what is written into a part that is planned."""
    return (f"+ {volume.purpose}", f"{size(volume.size)} {volume.filesystem}", volume.where)


def bar(parts: Sequence[Segment]) -> list[str]:
    """Draw the parts side by side, each as wide as its share; small ones a little wider."""
    widths = shares([part.size for part in parts])
    rows = [
        "│".join(fitted(part.text[row] if row < len(part.text) else "", width) for part, width in pairs)
        for row in range(LINES)
        for pairs in [list(zip(parts, widths, strict=True))]
    ]
    edges = ["─" * width for width in widths]
    return [f"┌{'┬'.join(edges)}┐", *(f"│{row}│" for row in rows), f"└{'┴'.join(edges)}┘"]


def shares(sizes: Sequence[int]) -> list[int]:
    """Divide the columns by size; none is narrower than can be read, and the widest give way."""
    room = max(WIDTH - len(sizes) + 1, NARROWEST * len(sizes))
    whole = sum(sizes) or 1
    widths = [max(NARROWEST, room * number // whole) for number in sizes]
    while (over := sum(widths) - room) != 0:
        widest = max(range(len(widths)), key=lambda index: widths[index])
        widths[widest] -= 1 if over > 0 else -1
    return widths


def fitted(text: str, width: int) -> str:
    """Cut or fill a text to a number of columns."""
    return (text if len(text) <= width else f"{text[: width - 1]}…").ljust(width)
