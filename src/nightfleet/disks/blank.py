"""Is a disk empty, beyond doubt? Every doubt is a reason, in words that name what was found. Pure.

A signature (wipefs, blkid), a partition, a holder, a mount, swap in use, an array or volume made of it, bytes
that no program knows (a VeraCrypt volume or a raw database has no signature), a bad SMART health, and what
could not be read: each of them is enough.
"""

from collections.abc import Iterator

from nightfleet.disks.found import GIB, Device, Found
from nightfleet.disks.words import size

WHAT = {
    "BitLocker": "BitLocker (Windows)",
    "LVM2_member": "a physical volume of LVM",
    "crypto_LUKS": "an encrypted volume (LUKS)",
    "ddf_raid_member": "a member of a RAID (DDF)",
    "gpt": "a partition table (gpt)",
    "dos": "a partition table (dos)",
    "isw_raid_member": "a member of a RAID (Intel)",
    "linux_raid_member": "a member of a RAID (md)",
    "mpath_member": "a path of a multipath device",
    "swap": "swap space",
    "zfs_member": "a member of a ZFS pool",
}
TABLES = {"gpt", "dos", "PMBR"}


def why_not(found: Found, disk: Device) -> list[str]:
    """Return everything that speaks against calling a disk empty; an empty list is the proof that it is."""
    return [*unusable(found, disk), *contents(found, disk)]


def unusable(found: Found, disk: Device) -> list[str]:
    """Say why a disk could not even be used when it were empty; consent does not help."""
    reasons = []
    if disk.kind != "disk":
        reasons.append(f"it is no disk but {disk.kind!r}")
    if disk.readonly:
        reasons.append("it is read-only")
    if disk.removable or disk.transport == "usb":
        reasons.append("it is removable (USB)")
    if disk.healthy is False:
        reasons.append("SMART says that it is failing")
    twins = [one.name for one in found.disks if one.name != disk.name and same(one, disk)]
    if twins:
        reasons.append(f"{', '.join(twins)} is the same disk by another path")
    return reasons


def same(one: Device, other: Device) -> bool:
    """Tell whether two devices are two paths to one disk."""
    if one.wwn and other.wwn:  # the name spaces of one NVMe have a serial in common
        return one.wwn == other.wwn
    known = (one.serial, one.model, one.size)
    return bool(one.serial) and known == (other.serial, other.model, other.size)


def contents(found: Found, disk: Device) -> list[str]:
    """Say what is on a disk."""
    reasons = list(in_use(found, disk))
    reasons += [WHAT.get(one, one) for one in disk.signatures if one not in TABLES]
    parts = found.partitions(disk)
    if parts:
        reasons.append(f"{len(parts)} partitions: {', '.join(map(described, parts))}")
    elif TABLES & {*disk.signatures, disk.tags.get("PTTYPE", "")}:
        reasons.append("a partition table without partitions")
    if disk.filesystem and disk.filesystem not in disk.signatures:
        reasons.append(WHAT.get(disk.filesystem, disk.filesystem))
    if not reasons and disk.written is None:
        reasons.append("nobody could read it: whether it is empty is unknown")
    if not reasons and disk.written:
        reasons.append("data without a known form: an encrypted volume or a raw database, perhaps")
    return reasons


def in_use(found: Found, disk: Device) -> Iterator[str]:
    """Yield what uses a disk, or anything on it, now."""
    for device in (disk, *found.below(disk)):
        if device.mounted:
            yield f"{device.name} is mounted at {', '.join(device.mounted[:3])}"
        if device.swapping:
            yield f"{device.name} is swap in use"
        # those that are told of below are known by their own names; any other one is a stranger
        known = {one.kernel_name.rpartition("/")[2] for one in found.below(device)}
        if strangers := [one for one in device.holders if one not in known]:
            yield f"{device.name} is held by {', '.join(strangers)}"
    for device in found.below(disk):
        if device.kind != "part":
            yield f"{device.name} ({device.kind}) is made of it"


def described(part: Device) -> str:
    """Name a partition by what it holds: `/dev/sda2 ntfs 'Data' 400 GiB`."""
    kind = WHAT.get(part.filesystem, part.filesystem) or ", ".join(part.signatures)
    label = part.tags.get("LABEL") or part.label
    words = [part.name, kind, f"'{label}'" if label else "", size(part.size) if part.size >= GIB else ""]
    return " ".join(word for word in words if word)
