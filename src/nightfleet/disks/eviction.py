"""When kubelet throws away images, and when pods: computed from the sizes of the planned filesystems. Pure.

A share alone is wrong for large disks: 15 % of 2 TiB are 300 GiB that nobody ever uses. So a threshold is a
share up to a fixed amount. Image GC frees images before any pod is evicted for their sake: it begins while
there is still room for one image more than eviction asks for, and stops ten percent lower. What the site file
says itself always counts, and what depends on it follows.
(https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/)
"""

from collections.abc import Mapping
from dataclasses import dataclass

from nightfleet.disks.found import GIB, MIB
from nightfleet.disks.volume import Volume
from nightfleet.disks.words import size
from nightfleet.site.disks import Purpose
from nightfleet.site.kubernetes import Eviction, Kubernetes

NODEFS_SHARE, NODEFS_MOST = 10, 20 * GIB  # logs and emptyDirs of a minute or two
IMAGEFS_SHARE, IMAGEFS_MOST = 15, 30 * GIB  # one GPU image while it is unpacked
ONE_IMAGE, IMAGE_SHARE = 20 * GIB, 10  # what GC keeps free beyond that: a large image, at most a tenth
SPAN = 10  # percent between where GC begins and where it stops
SUFFIX = {"K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
SUFFIX |= {f"{unit}i": 1024 ** (power + 1) for power, unit in enumerate("KMGT")}


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What kubelet is told, and why. `because` has a reason for each key."""

    hard: Mapping[str, str]  # signal -> threshold
    gc_high: int  # percent of imagefs in use
    gc_low: int
    because: Mapping[str, str]
    refusals: tuple[str, ...] = ()


def thresholds(volumes: Mapping[Purpose, Volume], wish: Kubernetes) -> Thresholds | None:
    """Compute them for a node with these filesystems; None when the layout has neither of the two."""
    nodefs, imagefs = volumes.get(Purpose.NODEFS), volumes.get(Purpose.IMAGEFS)
    if nodefs is None and imagefs is None:
        return None
    said = {field.alias or name: name for name, field in Eviction.model_fields.items()}
    hard = wish.eviction.model_dump(by_alias=True)
    because = {
        signal: "as the site file says" if name in wish.eviction.model_fields_set else "as everywhere"
        for signal, name in said.items()
    }
    computed = (
        ("nodefs.available", nodefs, NODEFS_SHARE, NODEFS_MOST),
        ("imagefs.available", imagefs, IMAGEFS_SHARE, IMAGEFS_MOST),
    )
    for signal, volume, share, most in computed:
        if volume and said[signal] not in wish.eviction.model_fields_set:
            amount = min(volume.size * share // 100, most)
            hard[signal] = f"{amount // MIB}Mi"
            because[signal] = f"{share} % of {size(volume.size)}, at most {size(most)}"
    if imagefs is None:
        because |= dict.fromkeys(
            ("gc_high", "gc_low"), "as the site file says: images have no disk of their own"
        )
        return Thresholds(hard, wish.image_gc_high, wish.image_gc_low, because)
    return _with_gc(imagefs, wish, hard, because)


def _with_gc(imagefs: Volume, wish: Kubernetes, hard: dict[str, str], because: dict[str, str]) -> Thresholds:
    """Add where image GC begins and stops; the one of both that the site did not say gives way."""
    evicts = in_bytes(hard["imagefs.available"], imagefs.size)
    spare = min(ONE_IMAGE, imagefs.size * IMAGE_SHARE // 100)
    high = 100 * (imagefs.size - evicts - spare) // imagefs.size
    why = f"{size(spare)} more are free than eviction asks for: room for one image"
    if "image_gc_high" in wish.model_fields_set:
        high, why = wish.image_gc_high, "as the site file says"
        if "imagefs_available" not in wish.eviction.model_fields_set and _free(high, imagefs) <= evicts:
            evicts = _free(high, imagefs) // 2
            hard["imagefs.available"] = f"{evicts // MIB}Mi"
            because["imagefs.available"] = f"half of what is free when image GC begins at {high} %"
    low, why_low = max(high - SPAN, 0), f"{SPAN} % lower, so that GC frees something worth its while"
    if "image_gc_low" in wish.model_fields_set:
        low, why_low = wish.image_gc_low, "as the site file says"
    because |= {"gc_high": why, "gc_low": why_low}
    return Thresholds(hard, high, low, because, tuple(_faults(imagefs, hard, high, low)))


def _faults(imagefs: Volume, hard: Mapping[str, str], high: int, low: int) -> list[str]:
    """Say what cannot work; it takes the size of the disk to see it."""
    faults = []
    evicts, begins = in_bytes(hard["imagefs.available"], imagefs.size), _free(high, imagefs)
    if begins <= evicts:
        faults.append(
            f"pods would be evicted at {size(evicts)} free, before image GC begins at {size(begins)}: lower"
            " kubernetes.image_gc_high, or eviction's imagefs.available"
        )
    if low >= high:
        faults.append(f"image GC would begin at {high} % and stop at {low} %: lower kubernetes.image_gc_low")
    if evicts >= imagefs.size:
        faults.append(f"imagefs.available, {size(evicts)}, is more than imagefs has, {size(imagefs.size)}")
    return faults


def _free(high: int, imagefs: Volume) -> int:
    return imagefs.size * (100 - high) // 100


def in_bytes(threshold: str, whole: int) -> int:
    """`15%` of `whole`, or `10Gi`, as bytes. ValueError for anything else."""
    if threshold.endswith("%"):
        return int(whole * float(threshold[:-1]) / 100)
    digits = threshold.rstrip("KMGTi")
    return int(digits) * SUFFIX.get(threshold[len(digits) :], 1)
