"""Which disk of a machine a place of the layout means. Pure: the same machine, the same disk."""

from collections.abc import Callable
from fnmatch import fnmatchcase

from nightfleet.disks.blank import why_not
from nightfleet.disks.found import Device, Found
from nightfleet.disks.words import title
from nightfleet.site.disks import Place, amount

IsOurs = Callable[[Device], bool]
SHARED = {"fc", "fcoe", "iscsi", "usb"}  # who else sees such a disk? it is used only when it is named


def choose(
    found: Found, place: Place, is_ours: IsOurs, opened: frozenset[str]
) -> tuple[Device | None, list[str]]:
    """Return the disk, or the reasons why there is none.

    Of several that fit, the one with our own work counts; else the only one that is empty. Two empty ones are
    not guessed about.
    """
    if found.container:
        own = f"a container ({found.container}) has no disks of its own"
        return None, [f"{own}, only those of its machine; image files in a folder are possible"]
    fitting = [disk for disk in found.disks if fits(disk, place)]
    if not fitting:
        return None, [f"no disk is {wish(place)}; there are: {', '.join(map(title, found.disks)) or 'none'}"]
    if len(fitting) == 1:
        return fitting[0], []
    ours = [disk for disk in fitting if is_ours(disk)]
    free = [disk for disk in fitting if opens(found, opened, disk) or not why_not(found, disk)]
    for some in (ours, free):
        if len(some) == 1:
            return some[0], []
        if some:
            names = ", ".join(map(title, some))
            return None, [f"{len(some)} disks are {wish(place)}: {names}; name one by its serial or id"]
    told = "; ".join(f"{title(disk)}: {', '.join(why_not(found, disk))}" for disk in fitting)
    return None, [f"no disk that is {wish(place)} is empty: {told}"]


def opens(found: Found, opened: frozenset[str], disk: Device) -> bool:
    """Tell whether a person gave up this very disk."""
    return not opened.isdisjoint(identities(found, disk))


def consent(found: Found, disk: Device) -> str:
    """Return what a person writes to give up a disk: its serial where that is its own; empty when nothing."""
    return next(iter(identities(found, disk)), "")


def identities(found: Found, disk: Device) -> tuple[str, ...]:
    """Return what a disk alone is called. The name spaces of one NVMe have a serial in common."""
    alone = [one.serial for one in found.disks].count(disk.serial) == 1
    names = (disk.serial if alone else "", disk.wwn, *disk.names)
    return tuple(name for name in names if name)


def fits(disk: Device, place: Place) -> bool:
    """Tell whether a disk is what a place describes."""
    return (
        place.cloud_volume is None  # still there: this node has no such volume
        and (place.serial is None or fnmatchcase(disk.serial, place.serial))
        and (place.id is None or any(fnmatchcase(name, place.id) for name in disk.names))
        and (place.transport is None or transport(disk) == place.transport)
        and (place.at_least is None or disk.size >= amount(place.at_least))
        and (place.at_most is None or disk.size <= amount(place.at_most))
        and (bool(place.id or place.serial) or transport(disk) not in SHARED)
    )


def transport(disk: Device) -> str:
    """Return how a disk is connected; lsblk does not know it of virtio disks everywhere."""
    return disk.transport or ("virtio" if disk.name.startswith("/dev/vd") else "")


def wish(place: Place) -> str:
    """Say what a place asks for."""
    words = [
        f"of id {place.id}" if place.id else "",
        f"of serial {place.serial}" if place.serial else "",
        f"the cloud volume {place.cloud_volume!r}, which Terraform did not make here"
        if place.cloud_volume
        else "",
        place.transport or "",
        f"at least {place.at_least}" if place.at_least else "",
        f"at most {place.at_most}" if place.at_most else "",
    ]
    return ", ".join(word for word in words if word)
