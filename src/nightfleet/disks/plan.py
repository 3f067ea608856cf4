"""The planner: from what a machine has and what its layout wants to steps, or to reasons for a refusal. Pure.

What it promises: no step touches a device on which anything was found, unless that is ours by its identity or
a person gave up this very disk by its serial; nothing shrinks; a plan for what is finished has no steps.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from nightfleet.disks.found import Device, Found
from nightfleet.disks.plan_disk import plan_disk
from nightfleet.disks.plan_pools import plan_folder, plan_group
from nightfleet.disks.planned import Part
from nightfleet.disks.sizes import SLACK
from nightfleet.disks.steps import Step
from nightfleet.disks.steps_lvm import GrowFilesystem, GrowSwap
from nightfleet.disks.volume import LOGS, Volume, Wish
from nightfleet.site.disks import Purpose

MIGRATE = "nightfleet disks migrate moves it"
BY_HAND = "empty it, or take it out of the layout"
NO_VAR = (
    "on a machine at work it never is: take `var` out of the layout; `imagefs` and `nodefs` hold what grows"
)
WAYS_OUT = {Purpose.IMAGEFS: MIGRATE, Purpose.NODEFS: MIGRATE, Purpose.VAR: NO_VAR}


@dataclass(frozen=True, slots=True)
class DiskPlan:
    """What is to be done on one machine. With refusals nothing is done at all."""

    refusals: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    volumes: tuple[Volume, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def by_purpose(self) -> dict[Purpose, Volume]:
        """The volumes by what they are for."""
        return {volume.purpose: volume for volume in self.volumes}


def plan(found: Found, wish: Wish) -> DiskPlan:
    """Decide about one machine."""
    parts = [_place(found, wish, key) for key in _used(wish)]
    refusals = [reason for part in parts for reason in part.refusals]
    volumes = {volume.purpose: volume for part in parts for volume in part.volumes}
    refusals += _twice(parts)
    for volume in volumes.values():
        refusals += mount_point(found, volume, wish.moving)
    return DiskPlan(
        refusals=tuple(dict.fromkeys(refusals)),
        steps=() if refusals else tuple(step for part in parts for step in part.steps),
        volumes=tuple(volumes[purpose] for purpose in Purpose if purpose in volumes),
        notes=tuple(note for part in parts for note in part.notes),
    )


def _used(wish: Wish) -> list[str]:
    return list(dict.fromkeys(volume.on for volume in wish.layout.volumes.values()))


def _place(found: Found, wish: Wish, key: str) -> Part:
    place = wish.layout.use[key]
    volumes = {purpose: one for purpose, one in wish.layout.volumes.items() if one.on == key}
    planner = plan_group if place.volume_group else plan_folder if place.folder else plan_disk
    return planner(found, wish, place, volumes)


def _twice(parts: list[Part]) -> Iterator[str]:
    """Two places may not mean the same disk: the one would not see the other's partitions."""
    names = [part.disk for part in parts if part.disk]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"two places of the layout mean {name}; say more about each, its serial or id"


def mount_point(found: Found, volume: Volume, moving: bool = False) -> Iterator[str]:
    """Say why a volume cannot be mounted where it belongs: something is there that it would hide."""
    for where in (volume.where, LOGS) if volume.purpose is Purpose.NODEFS else (volume.where,):
        if not where or is_mounted(found, volume, where):
            continue
        there = found.at(where)
        if there and volume.purpose is not Purpose.TMP:
            yield f"{where} is a mount of {there.source} already; unmount it, or take it out of the layout"
        elif where in found.filled and volume.purpose is not Purpose.TMP:
            if moving and volume.purpose in (Purpose.IMAGEFS, Purpose.NODEFS):
                continue
            some = ", ".join(path.rpartition("/")[2] for path in found.filled[where])
            out = WAYS_OUT.get(volume.purpose, BY_HAND)
            yield f"{where} is not empty ({some} ...), and a mount would hide that; {out}"


def is_mounted(found: Found, volume: Volume, where: str) -> bool:
    """Tell whether this very volume is what is mounted there."""
    there = found.at(where)
    device = found.by_numbers(there.numbers) if there else None
    return device is not None and device.uuid == volume.uuid


def growth(found: Found, volumes: tuple[Volume, ...]) -> list[Step]:
    """Return the mounted filesystems, and the swap in use, that are smaller than what they lie on."""
    steps: list[Step] = []
    for volume in volumes:
        if volume.purpose is Purpose.SWAP:
            steps += swap_growth(found, volume)
        there = found.at(volume.where) if volume.where else None
        device = found.by_numbers(there.numbers) if there else None
        if device and device.uuid == volume.uuid and lags(device):
            steps.append(GrowFilesystem(volume.purpose, volume.where, volume.filesystem, device.name))
    return steps


def swap_growth(found: Found, volume: Volume) -> Iterator[GrowSwap]:
    """Yield a step when the medium of swap in use has become larger."""
    media = {one.kernel_name: one.size for one in found.devices.values() if one.uuid == volume.uuid}
    media |= {one.path: one.size for one in found.images.values() if one.uuid == volume.uuid}
    for name, number in media.items():
        if found.swaps.get(name, number) + SLACK < number:
            yield GrowSwap(name, volume.uuid, number)


def lags(device: Device) -> bool:
    """Tell whether a filesystem leaves room of its medium unused; unknown is no."""
    return device.room is not None and device.room + SLACK < device.size
