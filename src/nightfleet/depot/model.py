"""What others may know of the depot: the version lock and the index of what the local depot holds.

The lock says what may be installed and how to get it; the index says which bytes this machine has of it.
Deploys read both to learn which file a node must have: `load_index().artifact("kubelet", "1.36.3").path`.
"""

from nightfleet.depot.index import Index, Origin, Stored, cache_dir, load_index
from nightfleet.depot.lock import (
    IMAGES,
    Arch,
    Artifact,
    Build,
    Image,
    ImageRelease,
    Kind,
    Lock,
    Wanted,
    load_lock,
    lock_path,
)

__all__ = [
    "IMAGES",
    "Arch",
    "Artifact",
    "Build",
    "Image",
    "ImageRelease",
    "Index",
    "Kind",
    "Lock",
    "Origin",
    "Stored",
    "Wanted",
    "cache_dir",
    "load_index",
    "load_lock",
    "lock_path",
]
