"""What lies in a folder of a node: asked by one `find`, which follows no link and leaves no file system."""

import json
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath

from nightfleet.cluster.ssh import Shell
from nightfleet.data.place import Place
from nightfleet.errors import Exit, NightfleetError

FIELDS = ("%y", "%s", "%T@", "%m", "%U", "%G", "%P", "%l")
HOURS_6 = 21600.0
UNREADABLE = "�"  # what a byte becomes that is not UTF-8
ENCODED = re.compile(r"%0[AaDd]")


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing in the folder; `mtime` as find prints it, to the nanosecond."""

    kind: str  # f, d, l, or find's letter for what a bag cannot hold
    size: int
    mtime: str
    mode: str
    uid: int
    gid: int
    path: str  # below the folder
    target: str = ""  # of a link


@dataclass(frozen=True, slots=True)
class Tree:
    """Everything in a folder, in the order of its paths."""

    entries: tuple[Entry, ...]

    @property
    def files(self) -> tuple[Entry, ...]:
        """What a bag holds: regular files."""
        return tuple(entry for entry in self.entries if entry.kind == "f")

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(entry.size for entry in self.files)

    @property
    def others(self) -> tuple[Entry, ...]:
        """What is neither file, folder nor link: a bag only says that it was there."""
        return tuple(entry for entry in self.entries if entry.kind not in "fdl")


def look(shell: Shell, place: Place) -> Tree:
    """Ask a node. NightfleetError when there is no such folder, or a name that a bag cannot hold."""
    said = shell.run(place.node, question(place.path), seconds=HOURS_6)
    if said.code != 0:
        raise NightfleetError(said.why, str(place), "is it mounted? nightfleet doctor")
    tree = read(said.out)
    if found := list(faults(tree)):
        more = f", and {len(found) - 1} more" if len(found) > 1 else ""
        raise NightfleetError(f"{found[0]}{more}", str(place), "rename it", Exit.REFUSED)
    return tree


def question(path: str) -> str:
    """Return the script that a node runs. Pure."""
    fields = "".join(f"{field}\\0" for field in FIELDS)
    # the dot after it: whoever enters an automount waits until it is mounted
    find = f"LC_ALL=C.UTF-8 find . -xdev -mindepth 1 -printf {shlex.quote(fields)}"
    return f"cd {shlex.quote(path)}/. || exit 3; {find}"


def read(output: str) -> Tree:
    """Read a node's answer. ValueError when it was cut off. Pure."""
    words = output.split("\0")[:-1]
    count = len(FIELDS)
    if len(words) % count:
        raise ValueError(f"{len(words)} words are not {count} to each file")
    entries = [
        Entry(kind, int(size), mtime, mode, int(uid), int(gid), path, target)
        for kind, size, mtime, mode, uid, gid, path, target in (
            words[at : at + count] for at in range(0, len(words), count)
        )
    ]
    return Tree(tuple(sorted(entries, key=lambda entry: entry.path)))


def faults(tree: Tree) -> Iterator[str]:
    """Say which names a bag cannot hold. Pure."""
    for entry in tree.entries:
        if UNREADABLE in entry.path:
            yield f"{entry.path!r} is no name in UTF-8"
        elif ENCODED.search(entry.path):
            yield f"{entry.path!r} would be read as another name"
        elif entry.path.startswith("/") or ".." in PurePosixPath(entry.path).parts:
            yield f"{entry.path!r} leaves the folder"


def listing(entries: Sequence[Entry]) -> str:
    """Write what a bag's files do not say (owners, modes, links, empty folders), one JSON a line. Pure."""
    return "".join(json.dumps(asdict(entry), ensure_ascii=False) + "\n" for entry in entries)
