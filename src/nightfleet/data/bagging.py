"""A folder of a node becomes a bag on this machine: one stream of files over ssh, each summed as it arrives.

Every file that arrived whole is written down with its sum, so that a run that was killed goes on with the
next. At the end the folder is looked at again: what changed meanwhile is fetched again, and a folder that
does not stand still becomes no bag.
"""

import contextlib
import hashlib
import json
import os
import shlex
import shutil
import tarfile
import tempfile
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import IO

from nightfleet.cluster.ssh import LOST, Said, Shell
from nightfleet.data import manifest
from nightfleet.data.place import Place
from nightfleet.data.tree import Entry, Tree, listing, look
from nightfleet.errors import Exit, NightfleetError

ROUNDS = 3  # looks at a folder that changes
DAYS_2 = 172800.0
OnBytes = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would fetch; `held` is here already."""

    place: Place
    folder: Path
    tree: Tree
    missing: tuple[Entry, ...]

    @property
    def to_fetch(self) -> int:
        """Bytes that are still to come."""
        return sum(entry.size for entry in self.missing)


class Draft:
    """A bag that is not whole yet: its files so far, and the journal of their sums."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.with_name(f".{folder.name}.part")
        self.data = self.folder / "data"
        self._journal = self.folder.with_suffix(".journal")
        self.sums: dict[str, tuple[int, str, str]] = {}  # path -> size, mtime, sum
        if self._journal.exists():
            for line in self._journal.read_text(encoding="utf-8").splitlines():
                with contextlib.suppress(ValueError):  # the last line of a run that was killed
                    path, size, mtime, total = json.loads(line)
                    self.sums[path] = size, mtime, total

    def holds(self, entry: Entry) -> bool:
        """Whether this very version of a file arrived."""
        size, mtime, _ = self.sums.get(entry.path, (-1, "", ""))
        path = self.data / entry.path
        return (size, mtime) == (entry.size, entry.mtime) and path.is_file() and path.stat().st_size == size

    def take(self, entry: Entry, source: IO[bytes], on_bytes: OnBytes) -> None:
        """Write one file, and only then that it is here."""
        path = self.data / entry.path
        path.parent.mkdir(parents=True, exist_ok=True)
        half, sha = self.folder / "half", hashlib.sha256()
        with half.open("wb") as file:
            while chunk := source.read(manifest.CHUNK):
                file.write(chunk)
                sha.update(chunk)
                on_bytes(len(chunk))
        half.replace(path)
        self.sums[entry.path] = entry.size, entry.mtime, sha.hexdigest()
        with self._journal.open("a", encoding="utf-8") as journal:
            journal.write(json.dumps([entry.path, *self.sums[entry.path]]) + "\n")

    def clear(self, tree: Tree) -> None:
        """Remove what the node has no more: a file may stand where a folder comes, or the reverse."""
        wanted = {entry.path for entry in tree.files}
        for path in sorted(self.data.rglob("*"), reverse=True):  # what lies in a folder before the folder
            if path.is_dir():
                with contextlib.suppress(OSError):  # it holds something
                    path.rmdir()
            elif str(path.relative_to(self.data)) not in wanted:
                path.unlink()

    def become(self, folder: Path) -> None:
        """Be the bag."""
        self.folder.rename(folder)
        self._journal.unlink(missing_ok=True)


def plan(shell: Shell, place: Place, folder: Path) -> Plan:
    """Look, and say what is still to be fetched. NightfleetError when there is such a bag already."""
    if folder.exists():
        raise NightfleetError(
            "there is such a bag already", str(folder), "--name gives the new one another name", Exit.REFUSED
        )
    tree, draft = look(shell, place), Draft(folder)
    return Plan(place, folder, tree, tuple(entry for entry in tree.files if not draft.holds(entry)))


def bag(shell: Shell, planned: Plan, on_bytes: OnBytes = lambda _count: None) -> dict[str, str]:
    """Fetch what is missing, seal, and compare every byte; return bag-info. Run again, it goes on."""
    draft, place = Draft(planned.folder), planned.place
    draft.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    free = shutil.disk_usage(draft.folder).free
    if planned.to_fetch > free:
        raise NightfleetError(
            f"{planned.to_fetch} bytes are wanted, and {free} are free",
            str(planned.folder.parent),
            "--to puts the bag elsewhere",
            Exit.REFUSED,
        )
    tree = planned.tree
    for _ in range(ROUNDS):
        draft.clear(tree)
        missing = [entry for entry in tree.files if not draft.holds(entry)]
        if missing:
            fetch(shell, place, missing, draft, on_bytes)
        before, tree = tree, look(shell, place)
        if before.entries == tree.entries and all(draft.holds(entry) for entry in tree.files):
            break
    else:
        raise NightfleetError(
            "its files change while they are read",
            str(place),
            "stop who writes, or take a snapshot's folder (.snap/NAME)",
            Exit.REFUSED,
        )
    sums = {f"data/{entry.path}": draft.sums[entry.path][2] for entry in tree.files}
    manifest.seal(draft.folder, sums, described(shell.site.site, place, tree), listing(tree.entries))
    found = manifest.check(draft.folder)
    draft.become(planned.folder)
    return found


def described(site: str, place: Place, tree: Tree) -> dict[str, str]:
    """Return what a bag says of itself. Pure but for the clock."""
    now = datetime.now(UTC)
    return {
        "Source-Organization": site,
        "External-Identifier": place.name,
        "Bagging-Date": f"{now:%Y-%m-%d}",
        "Bag-Software-Agent": "nightfleet",
        "Payload-Oxum": f"{tree.size}.{len(tree.files)}",
        "Nightfleet-Made-At": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        "Nightfleet-Node": place.node,
        "Nightfleet-Path": place.path,
        "Nightfleet-Entries": str(len(tree.entries)),
    }


def fetch(shell: Shell, place: Place, missing: Sequence[Entry], draft: Draft, on_bytes: OnBytes) -> None:
    """Have one stream of files sent. NightfleetError when the node is lost; what arrived stays."""
    with tempfile.TemporaryFile() as names:
        names.write("".join(f"./{entry.path}\0" for entry in missing).encode())
        names.seek(0)
        said = receive(shell, place, names, {f"./{entry.path}": entry for entry in missing}, draft, on_bytes)
    if said.code == LOST:
        raise NightfleetError(f"the node was lost: {said.why}", place.node, "run the same again: it goes on")
    # 1 is a file that changed as it was read, 2 also one that is gone: another look tells
    if said.code > 2 or (said.code == 2 and "No such file" not in said.err):
        raise NightfleetError(said.why, str(place))


def receive(
    shell: Shell, place: Place, names: IO[bytes], wanted: dict[str, Entry], draft: Draft, on_bytes: OnBytes
) -> Said:
    """Run tar on the node, and take what it sends as it comes."""
    reading, writing = os.pipe()
    command = (
        f"cd {shlex.quote(place.path)}/. && LC_ALL=C.UTF-8 exec tar --create --format=pax"
        " --hard-dereference --null --no-recursion --files-from=- --file=-"
    )
    ended: list[Said] = []

    def send() -> None:
        try:
            ended.append(shell.stream(place.node, command, source=names, target=writing, seconds=DAYS_2))
        finally:
            os.close(writing)

    sender = threading.Thread(target=send)
    sender.start()
    try:
        with os.fdopen(reading, "rb") as stream:
            try:
                unpack(stream, wanted, draft, on_bytes)
            finally:
                while stream.read(manifest.CHUNK):  # so that the sender is not held up by nobody reading
                    pass
    finally:
        sender.join()
    return ended[0]


def unpack(stream: IO[bytes], wanted: dict[str, Entry], draft: Draft, on_bytes: OnBytes) -> None:
    """Take the files of a tar that are the versions that were asked for; a cut tar ends where it is cut."""
    with contextlib.suppress(tarfile.ReadError), tarfile.open(fileobj=stream, mode="r|") as archive:
        for member in archive:
            entry = wanted.get(member.name)
            source = archive.extractfile(member) if entry and is_version(member, entry) else None
            if entry and source:
                draft.take(entry, source, on_bytes)


def is_version(member: tarfile.TarInfo, entry: Entry) -> bool:
    """Tell whether a sent file is the one that was seen. Pure."""
    sent = Decimal(str(member.pax_headers.get("mtime", member.mtime)))
    return member.isreg() and member.size == entry.size and sent == Decimal(entry.mtime)


def verify(folders: Iterable[Path]) -> dict[Path, str]:
    """Compare every byte of these bags; return what is wrong with each, or nothing."""
    found = {}
    for folder in folders:
        try:
            manifest.check(folder)
            found[folder] = ""
        except NightfleetError as error:
            found[folder] = error.what
    return found
