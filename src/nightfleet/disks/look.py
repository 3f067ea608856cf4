"""Reading a machine's answer to templates/look.sh. Pure; the question goes by ssh or as a fact of pyinfra."""

import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nightfleet.disks.found import Device, Folder, Found, Group, Image, Logical, Mount
from nightfleet.site.disks import Layout

TEMPLATES = Path(__file__).parent / "templates"
SCRIPT = "".join((TEMPLATES / name).read_text(encoding="utf-8") for name in ("words.sh", "look.sh"))
YES = (True, "1")  # older versions of lsblk write numbers as text
Sections = Mapping[tuple[str, str], list[str]]  # (section, what it is about) -> lines


def question(layout: Layout | None) -> str:
    """Return the script that asks a machine with this layout."""
    folders = [place.folder for place in layout.use.values() if place.folder] if layout else []
    return f"set -- {' '.join(map(shlex.quote, folders))}\n{SCRIPT}"


def read(output: Iterable[str]) -> Found:
    """Read the answer. ValueError when it was cut off or is no answer."""
    sections = split(output)
    if ("end", "") not in sections:
        raise ValueError("the answer about the disks was cut off")
    mounts = tuple(map(_mount, sections.get(("mounts", ""), [])))
    devices = {device.name: _filled(device, sections, mounts) for device in _devices(sections)}
    return Found(
        devices=devices,
        mounts=mounts,
        groups={one["vg_name"]: _group(one) for one in _report(sections, "vgs", "vg")},
        logicals=tuple(map(_logical, _report(sections, "lvs", "lv"))),
        folders={about: _folder(lines) for about, lines in _about(sections, "folder")},
        images={about: _image(about, lines) for about, lines in _about(sections, "image")},
        filled={about: tuple(lines) for about, lines in _about(sections, "inside-folder") if lines},
        swaps=dict(_swap(line) for line in sections.get(("swaps", ""), [])),
        container="".join(sections.get(("container", ""), [])).strip(),
        quota=sections.get(("quota", "")) == ["1"],
    )


def split(output: Iterable[str]) -> Sections:
    """Split the answer at its `== section about` lines."""
    found: dict[tuple[str, str], list[str]] = {}
    lines: list[str] = []
    for line in output:
        if line.startswith("== "):
            section, _, about = line[3:].partition(" ")
            lines = found.setdefault((section, about), [])
        elif line.strip():
            lines.append(line)
    return found


def _about(sections: Sections, name: str) -> list[tuple[str, list[str]]]:
    return [(about, lines) for (section, about), lines in sections.items() if section == name]


def _devices(sections: Sections) -> list[Device]:
    """Read lsblk's tree; a device with several parents stands below each of them."""
    found: dict[str, Device] = {}

    def walk(items: Sequence[Mapping[str, Any]], parent: str) -> None:
        for item in items:
            device = found.get(item["name"]) or _device(item)
            parents = (*device.parents, parent) if parent and parent not in device.parents else device.parents
            found[device.name] = replace(device, parents=parents)
            walk(item.get("children", ()), device.name)

    walk(json.loads("\n".join(sections["lsblk", ""]))["blockdevices"], "")
    return list(found.values())


def _device(item: Mapping[str, Any]) -> Device:
    return Device(
        name=item["name"],
        kernel_name=item.get("kname") or item["name"],
        kind=item["type"],
        size=int(item["size"] or 0),
        numbers=item.get("maj:min") or "",
        serial=" ".join((item.get("serial") or "").split()),
        model=" ".join((item.get("model") or "").split()),
        transport=item.get("tran") or "",
        wwn=item.get("wwn") or "",
        readonly=item.get("ro") in YES,
        removable=item.get("rm") in YES,
        rotational=item["rota"] in YES if item.get("rota") is not None else None,
    )


def _filled(device: Device, sections: Sections, mounts: Sequence[Mount]) -> Device:
    """Add what the other programs said about a device."""
    name = device.kernel_name
    tags = dict(line.split("=", 1) for line in sections.get(("blkid", name), []) if "=" in line)
    signatures = sections.get(("wipefs", name), [])
    if "AMBIVALENT" in tags:
        signatures = [*signatures, "several at once"]
    sample = sections.get(("sample", name))
    return replace(
        device,
        tags=tags,
        signatures=tuple(dict.fromkeys(line.strip() for line in signatures)),
        names=tuple(
            link.partition(" ")[0]
            for link in sections.get(("names", ""), [])
            if link.partition(" ")[2] == name
        ),
        holders=tuple(sections.get(("holder", name), [])),
        mounted=tuple(
            m.where for m in mounts if m.numbers == device.numbers or m.source in (name, device.name)
        ),
        swapping=any(line.split()[0] == name for line in sections.get(("swaps", ""), [])),
        written=None if not sample else sample[0].strip() != "0",
        inside="".join(sections.get(("inside", name), []))[:40],
        room=_room(sections.get(("room", name), [])),
        healthy=_healthy(sections.get(("smart", name), [])),
        backing="".join(sections.get(("backing", name), [])),
    )


def _room(lines: Sequence[str]) -> int | None:
    numbers = " ".join(lines).split()
    return int(numbers[0]) * int(numbers[1]) if len(numbers) == 2 else None


def _healthy(lines: Sequence[str]) -> bool | None:
    """smartctl --health --json: no status means that the disk does not tell."""
    try:
        passed = json.loads("\n".join(lines)).get("smart_status", {}).get("passed")
    except ValueError:
        return None
    return passed if isinstance(passed, bool) else None


def _mount(line: str) -> Mount:
    """Read a line of /proc/self/mountinfo (proc_pid_mountinfo(5))."""
    left, _, right = line.partition(" - ")
    words, kind = left.split(" "), right.split(" ")
    return Mount(_plain(words[4]), words[2], _plain(kind[1]) if len(kind) > 1 else "", kind[0])


def _swap(line: str) -> tuple[str, int]:
    """Read a line of /proc/swaps: file, type, KiB, used, priority."""
    path, _, kib, *_ = line.split()
    return _plain(path), int(kib) * 1024


def _plain(path: str) -> str:
    for code in ("\\040", "\\011", "\\012", "\\134"):
        path = path.replace(code, chr(int(code[1:], 8)))
    return path


def _report(sections: Sections, section: str, key: str) -> list[dict[str, str]]:
    lines = sections.get((section, ""), [])
    if not lines:
        return []
    rows: list[dict[str, str]] = json.loads("\n".join(lines))["report"][0][key]
    return rows


def _group(row: Mapping[str, str]) -> Group:
    return Group(row["vg_name"], int(row["vg_size"]), int(row["vg_free"]), int(row["vg_extent_size"]))


def _logical(row: Mapping[str, str]) -> Logical:
    return Logical(row["lv_name"], row["vg_name"], int(row["lv_size"]), row["lv_path"], row["lv_dm_path"])


def _folder(lines: Sequence[str]) -> Folder:
    block, blocks, free = map(int, lines[0].split())
    return Folder(size=block * blocks, free=block * free)


def _image(path: str, lines: Sequence[str]) -> Image:
    tags = dict(line.split("=", 1) for line in lines[1:] if "=" in line)
    return Image(path, int(lines[0]), tags.get("UUID", "").lower())
