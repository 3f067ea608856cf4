"""Artifacts of the version lock: fetched or built on the operator's machine, verified, served to nodes.

model     the lock (versions.yaml) and the index (index.json); the only part that deploys import
plan      wanted names -> items, fresh or missing; recipes says what a build depends on
fetch     cache -> other depot -> upstream -> Go modules; sources, download, gobuild, make do the parts
cache     the directory; pack and image write the same bytes for the same input
serve, verify, pin
"""

from nightfleet.depot.cache import Cache
from nightfleet.depot.debian import install_packages
from nightfleet.depot.events import Event, Step
from nightfleet.depot.fetch import fetch, packages_to_install
from nightfleet.depot.model import IMAGES, Index, Lock, Origin, Stored, Wanted, load_index, load_lock
from nightfleet.depot.pin import pin
from nightfleet.depot.serve import serve, serving
from nightfleet.depot.verify import Bad, verify

__all__ = [
    "IMAGES",
    "Bad",
    "Cache",
    "Event",
    "Index",
    "Lock",
    "Origin",
    "Step",
    "Stored",
    "Wanted",
    "fetch",
    "install_packages",
    "load_index",
    "load_lock",
    "packages_to_install",
    "pin",
    "serve",
    "serving",
    "verify",
]
