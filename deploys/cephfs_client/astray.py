"""What is mounted otherwise than the site says. Pure."""

from collections.abc import Sequence

from deploys.cephfs_client.plan import OF_CEPH, Found, Mounted, Wanted
from nightfleet.site.cephfs import Driver, Share


def astray(wanted: Wanted, found: Found) -> list[str]:
    """Return the places that are mounted otherwise than they should be."""
    by_place = {mount.at: mount for mount in found.mounts if mount.kind in OF_CEPH}
    return [
        share.at
        for share in wanted.shares
        if (seen := by_place.get(share.at)) and not agrees(seen, share, wanted.kind, found.runs)
    ]


def agrees(seen: Mounted, share: Share, kind: Driver, runs: Sequence[str]) -> bool:
    """Tell whether a mount is the one that is wished for; ceph-fuse says only in its arguments who it is."""
    options = seen.options.split(",")
    if ("ro" in options) is not share.read_only or (seen.kind == "ceph") is not (kind is Driver.KERNEL):
        return False
    if kind is Driver.FUSE:
        wished = {"--name": f"client.{share.client}", "--client_mountpoint": share.path}
        mine = [words for words in (line.split() for line in runs) if share.at in words]
        said = [dict(word.split("=", 1) for word in words if "=" in word) for words in mine]
        return not said or any(
            all(one.get(key, value) == value for key, value in wished.items()) for one in said
        )
    cached = any(option.partition("=")[0] == "fsc" for option in options)
    folder = seen.source.endswith(
        (f":{share.path}", f"={share.path}")
    )  # MONITORS:/team, team@FSID.cephfs=/team
    return folder and f"name={share.client}" in options and cached == share.cache
