"""Sizes and names as people read them. Pure."""

from nightfleet.disks.found import GIB, MIB, Device

TIB = 1 << 40


def size(number: int) -> str:
    """Bytes in the unit that fits: `931.5 GiB`, `20 GiB`, `512 MiB`."""
    unit, name = (TIB, "TiB") if number >= TIB else (GIB, "GiB") if number >= GIB else (MIB, "MiB")
    text = f"{number / unit:.1f}".removesuffix(".0")
    return f"{text} {name}"


def title(disk: Device) -> str:
    """Name a disk so that a person finds it: `/dev/sda (serial S4EWNX0M, 931.5 GiB, Samsung SSD)`."""
    words = [f"serial {disk.serial}" if disk.serial else "", size(disk.size), disk.model]
    return f"{disk.name} ({', '.join(word for word in words if word)})"
