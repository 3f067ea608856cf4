"""Turn built commands into the files of the depot, in the shape that upstream gives them."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from nightfleet.depot.cache import Cache
from nightfleet.depot.debian import package_entries
from nightfleet.depot.gobuild import built_by
from nightfleet.depot.image import write_image
from nightfleet.depot.model import Kind, Origin, Stored
from nightfleet.depot.pack import Entry, write_tar_gz
from nightfleet.depot.plan import Command, Item

Built = Mapping[Command, Path]


def make(item: Item, built: Built, cache: Cache) -> Stored:
    """Put a binary, tarball or image together and record it."""
    target = cache.temporary()
    paths = {path: built[command] for path, command in item.commands.items()}
    digest = ""
    if item.image:
        digest = _image(item, built, cache, target)
    elif item.kind is Kind.TARBALL:
        write_tar_gz(target, (Entry(path, content) for path, content in paths.items()))
    else:
        (binary,) = paths.values()
        shutil.copyfile(binary, target)
    sha256, size = cache.adopt(target, item.file, item.mode)
    toolchains = {built_by(path) for path in paths.values()} - {""}
    stored = item.stored(sha256, Origin.GOMOD, item.key, size, " ".join(sorted(toolchains)), digest)
    cache.record(stored)
    return stored


def _image(item: Item, built: Built, cache: Cache, target: Path) -> str:
    assert item.image is not None
    commands = {f"{command.build}/{command.name}": built[command] for command in item.commands.values()}
    system = []
    if item.image.image.packages:
        debs = cache.root / "tmp" / f"debs-{item.name}-{item.version}"
        system = package_entries(item.image.image.packages, debs)
    return write_image(target, item.image, item.arch, commands, system)
