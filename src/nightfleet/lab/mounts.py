"""Overlays and disks of hosts: never left half made, found again by where they lie."""

import contextlib
import json
import time
from dataclasses import dataclass
from pathlib import Path

from nightfleet.errors import NightfleetError
from nightfleet.lab.command import run, succeeds
from nightfleet.lab.layout import STATE, HostPaths
from nightfleet.lab.spec import DiskSpec

_FREE_SECONDS = 30
_MKFS = {
    "xfs": ("mkfs.xfs", "-q", "-m", "crc=1", "-n", "ftype=1"),
    "ext4": ("mkfs.ext4", "-q", "-F", "-m", "0"),
}


@dataclass(frozen=True, slots=True)
class Mount:
    point: Path
    kind: str
    source: str


def parse_mountinfo(text: str) -> list[Mount]:
    """/proc/self/mountinfo in its own order: what is mounted later may lie on what was mounted before."""
    mounts = []
    for line in text.splitlines():
        left, right = line.split(" - ", 1)
        kind, source = right.split(" ")[:2]
        mounts.append(Mount(Path(_unescape(left.split(" ")[4])), kind, _unescape(source)))
    return mounts


def _unescape(path: str) -> str:
    """The kernel writes space, tab, newline and backslash in paths as octal numbers."""
    for code in ("\\040", "\\011", "\\012", "\\134"):
        path = path.replace(code, chr(int(code[1:], 8)))
    return path


def below(directory: Path) -> list[Mount]:
    mounts = parse_mountinfo(Path("/proc/self/mountinfo").read_text())
    return [mount for mount in mounts if mount.point.is_relative_to(directory)]


def overlay(paths: HostPaths, base: Path) -> None:
    """The host's root: its own layer over the base root that it was made with."""
    for directory in (paths.root, paths.upper, paths.work):
        directory.mkdir(parents=True, exist_ok=True)
    if not paths.base.is_symlink():
        paths.base.symlink_to(base)
    lower = paths.base.readlink()
    if not lower.is_dir():
        raise NightfleetError(
            f"base root {lower} is gone from the cache",
            paths.dir.name,
            "remove the lab with `nightfleet lab down`",
        )
    if not any(mount.point == paths.root for mount in below(paths.root)):
        layers = f"lowerdir={lower},upperdir={paths.upper},workdir={paths.work}"
        run(["mount", "-t", "overlay", "nightfleet-lab", "-o", layers, str(paths.root)], where=paths.dir.name)


def disk(paths: HostPaths, spec: DiskSpec) -> Path:
    """Where the disk is mounted on the machine; its image is made if it is not there."""
    image, point = paths.image(spec.name), paths.mount(spec.name)
    image.parent.mkdir(parents=True, exist_ok=True)
    point.mkdir(parents=True, exist_ok=True)
    if not image.exists():
        draft = image.with_suffix(".new")
        with draft.open("wb") as file:
            file.truncate(int(spec.size_gib * 1024**3))
        run([*_MKFS[spec.filesystem], str(draft)], where=f"{paths.dir.name} disk {spec.name}")
        draft.rename(image)
    if not any(mount.point == point for mount in below(point)):
        run(["mount", "-o", "loop,nodev", str(image), str(point)], where=f"{paths.dir.name} disk {spec.name}")
    return point


def unmount(directory: Path) -> list[str]:
    """Unmount everything below a directory, the last mounted first; free loop devices that stayed."""
    removed = []
    for mount in reversed(below(directory)):
        run(["umount", str(mount.point)], where="lab", hint=f"see what uses it: fuser -vm {mount.point}")
        removed.append(f"mount {mount.point}")
    return removed + _free_loops(directory)


def _free_loops(directory: Path) -> list[str]:
    """Most free themselves some moments after the unmount; the others are those of an interrupted mount."""
    freed: set[str] = set()
    end = time.monotonic() + _FREE_SECONDS
    while left := [device for device, image in loops() if image.is_relative_to(directory)]:
        if time.monotonic() > end:
            raise NightfleetError(
                f"loop devices stay in use: {', '.join(left)}{_holders(left)}",
                "lab",
                "a program started meanwhile holds them in its mount namespace; end it, run this again",
            )
        freed |= {device for device in left if succeeds(["losetup", "--detach", device])}
        time.sleep(0.05)
    return [f"loop device {device}" for device in sorted(freed)]


def _holders(devices: list[str]) -> str:
    """Who still sees what is mounted from these devices, as far as a namespace shows it."""
    found = []
    for table in Path("/proc").glob("[0-9]*/mountinfo"):
        with contextlib.suppress(OSError):
            if any(mount.source in devices for mount in parse_mountinfo(table.read_text())):
                found.append(f"{table.parent.name} ({(table.parent / 'comm').read_text().strip()})")
    return f", by process {', '.join(found[:5])}" if found else ""


def loops() -> list[tuple[str, Path]]:
    """Loop devices and their images, also of images that were deleted."""
    listing = run(["losetup", "--json", "--list", "--output", "NAME,BACK-FILE"])
    devices = json.loads(listing)["loopdevices"] if listing.strip() else []
    return [(one["name"], Path((one["back-file"] or "").removesuffix(" (deleted)"))) for one in devices]


def without_others(own: Path) -> list[str]:
    """Put before a program in its own mount namespace: it holds no lab mounts but those below `own`.

    A namespace starts with a copy of every mount of the machine. Where the machine's root is not shared (no
    systemd), a copy outlives the mount, and a disk would be in use for as long as the program runs.
    """
    script = (
        "while read -r _ _ _ _ point _; do"
        ' case "$point" in "$1"/*) ;; "$0"/*) echo "$point" ;; esac;'
        " done < /proc/self/mountinfo | sort -r | xargs -r umount --lazy;"
        ' shift; exec "$@"'
    )
    return ["sh", "-c", script, str(STATE), str(own)]


def disk_used(image: Path) -> int:
    """Bytes that a sparse image really takes on the machine."""
    return image.stat().st_blocks * 512
