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


def shares(room: int, wishes: Wishes, unit: int = MIB) -> tuple[dict[Purpose, int], list[str]]:
    """Return the bytes of each volume in `room` bytes, and why that is impossible."""
    sizes = {
        purpose: down(_asked(room, volume.size), unit)
        for purpose, volume in wishes.items()
        if volume.size != REST
    }
    left = room - sum(sizes.values())
    for purpose, volume in wishes.items():
        if volume.size == REST:
            sizes[purpose] = down(max(left, 0), unit)
    reasons = []
    if left < 0:
        wanted = " + ".join(f"{purpose} {number / GIB:.1f}" for purpose, number in sizes.items())
        reasons.append(f"{wanted} GiB do not fit into {room / GIB:.1f} GiB")
    else:
        small = [f"{purpose} would have {n / GIB:.1f} GiB" for purpose, n in sizes.items() if n < LEAST]
        reasons += [f"{one}, needs 1 GiB at least" for one in small]
    return sizes, reasons


def _asked(room: int, wish: str) -> int:
    return room * int(wish[:-1]) // 100 if wish.endswith("%") else amount(wish)


def down(number: int, unit: int) -> int:
    """Round down to a multiple of `unit`."""
    return number - number % unit
