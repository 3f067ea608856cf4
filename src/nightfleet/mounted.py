"""Network filesystems as a kernel has them mounted; what is wrong about their caches. Pure.

Lines are those of /proc/self/mountinfo (proc(5)) and /proc/fs/nfsfs/volumes.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

NFS = ("nfs", "nfs4")
CEPH = ("ceph",)


@dataclass(frozen=True, slots=True)
class Mounted:
    """One mount of a network filesystem."""

    device: str  # major:minor; equal where a superblock is shared
    where: str
    kind: str  # nfs4, ceph
    source: str  # 10.0.0.1:/srv/nfs/data
    options: frozenset[str]  # of mount and superblock together

    @property
    def cached(self) -> bool:
        """Whether it is mounted with fsc; that alone does not mean that a cache is there."""
        return any(option == "fsc" or option.startswith("fsc=") for option in self.options)

    def value(self, option: str) -> str:
        """Return what is said of an option, such as 4.2 for vers; empty when nothing is."""
        start = f"{option}="
        return next((each.removeprefix(start) for each in self.options if each.startswith(start)), "")


def read_mounts(lines: Iterable[str]) -> tuple[Mounted, ...]:
    """Read the network filesystems of /proc/self/mountinfo; others are left out."""
    found = []
    for line in lines:
        before, dash, after = line.partition(" - ")
        words, rest = before.split(), after.split()
        if dash and len(words) >= 6 and len(rest) >= 2 and rest[0] in (*NFS, *CEPH):
            options = [*words[5].split(","), *(rest[2].split(",") if len(rest) > 2 else [])]
            found.append(Mounted(words[2], plain(words[4]), rest[0], plain(rest[1]), frozenset(options)))
    return tuple(found)


def read_idles(lines: Iterable[str]) -> dict[str, int]:
    """Read the automounts of /proc/self/mountinfo: place -> seconds without use after which they unmount."""
    found = {}
    for line in lines:
        before, _, after = line.partition(" - ")
        words, rest = before.split(), after.split()
        if rest[:1] == ["autofs"] and (said := re.search(r"\btimeout=(\d+)", rest[-1])):
            found[plain(words[4])] = int(said[1])
    return found


def plain(text: str) -> str:
    """Undo how the kernel writes spaces and the like: \\040."""
    return text.encode("latin-1", "replace").decode("unicode_escape") if "\\" in text else text


def read_volumes(lines: Iterable[str]) -> dict[str, bool]:
    """Read /proc/fs/nfsfs/volumes: device -> whether its cache is on (FSC yes)."""
    rows = [line.split() for line in lines]
    return {row[3]: row[-1] == "yes" for row in rows if len(row) >= 5 and row[-1] in ("yes", "no")}


def uncached(wanted: Iterable[str], mounts: Sequence[Mounted], volumes: Mapping[str, bool]) -> Iterator[str]:
    """Say which NFS mounts that should be cached are not, and why; those not mounted now are left out."""
    by_place = {mount.where: mount for mount in mounts}
    for where in wanted:
        mount = by_place.get(where)
        if mount is None or mount.kind not in NFS or (mount.cached and volumes.get(mount.device)):
            continue
        others = [one.where for one in mounts if one.device == mount.device and one.where != where]
        if others:
            yield (
                f"{where} is not cached: it shares its superblock with {', '.join(others)}, and the first one"
                " mounted decides; unmount them all, and mount none of them without fsc"
            )
        elif mount.cached:
            yield f"{where} is mounted with fsc, and the kernel says FSC no: does cachefilesd run?"
        else:
            yield f"{where} was mounted without fsc; unmount it once"


def ceph_twice(mounts: Sequence[Mounted]) -> Iterator[str]:
    """Say where one CephFS is mounted with the same cache more than once: the second one is not cached."""
    first: dict[tuple[str, str], str] = {}
    for mount in mounts:
        if mount.kind in CEPH and mount.cached:
            cache = (cluster(mount.source), mount.value("fsc"))
            before = first.setdefault(cache, mount.where)
            if before != mount.where:
                yield (
                    f"{mount.where} and {before} are mounts of one CephFS with the same cache;"
                    " give one of them a name of its own: fsc=NAME"
                )


def cluster(source: str) -> str:
    """`team@FSID.cephfs=/team` or `10.0.0.1:6789:/team` -> what names the cluster and filesystem."""
    return source.partition("@")[2].partition("=")[0] if "@" in source else source.rpartition(":/")[0]
