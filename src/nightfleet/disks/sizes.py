"""From wishes like `40%` and `rest` to bytes. Pure; whole MiB, or whole extents of a volume group."""

from collections.abc import Mapping

from nightfleet.disks.found import GIB, MIB
from nightfleet.site.disks import REST, Filesystem, Purpose, Swap, amount

HEAD, TAIL = MIB, MIB  # of a disk, for the two copies of its partition table
LEAST = GIB  # xfs makes none below 300 MiB, and nobody wants one
SLACK = 16 * MIB  # a difference of sizes that is none

Wishes = Mapping[Purpose, Filesystem | Swap]


def usable(disk_size: int) -> int:
    """Return what a disk has for partitions."""
    return down(disk_size - HEAD - TAIL, MIB)


def shares(
    room: int, wishes: Wishes, unit: int = MIB, kept: Mapping[Purpose, int] | None = None
) -> tuple[dict[Purpose, int], list[str]]:
    """Return the bytes of each volume in `room` bytes, and why that is impossible.

    `kept` is what volumes have: where they want a share or the rest, they get no less.
    """
    kept = kept or {}
    sizes = {
        purpose: max(down(_asked(room, volume.size), unit), kept.get(purpose, 0) if shared(volume) else 0)
        for purpose, volume in wishes.items()
        if volume.size != REST
    }
    left = room - sum(sizes.values())
    for purpose, volume in wishes.items():
        if volume.size == REST:
            sizes[purpose] = max(down(max(left, 0), unit), kept.get(purpose, 0))
    reasons = []
    if left < 0:
        wanted = " + ".join(f"{purpose} {number / GIB:.1f}" for purpose, number in sizes.items())
        reasons.append(f"{wanted} GiB do not fit into {room / GIB:.1f} GiB")
    else:
        small = [f"{purpose} would have {n / GIB:.1f} GiB" for purpose, n in sizes.items() if n < LEAST]
        reasons += [f"{one}, needs 1 GiB at least" for one in small]
    return sizes, reasons


def shared(volume: Filesystem | Swap) -> bool:
    """Tell whether a volume has no size of its own, but a share or the rest."""
    return volume.size == REST or volume.size.endswith("%")


def _asked(room: int, wish: str) -> int:
    return room * int(wish[:-1]) // 100 if wish.endswith("%") else amount(wish)


def down(number: int, unit: int) -> int:
    """Round down to a multiple of `unit`."""
    return number - number % unit
