"""The lines of a bag that say what is whole (RFC 8493), and the check of a whole bag by the library."""

import hashlib
import logging
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO

from nightfleet.errors import Exit, NightfleetError

MANIFEST, TAGS, INFO, DECLARATION = (
    "manifest-sha256.txt",
    "tagmanifest-sha256.txt",
    "bag-info.txt",
    "bagit.txt",
)
TREE = "nightfleet-tree.jsonl"  # ours: what BagIt has no place for
BAGIT = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
CHUNK = 1 << 20


def write(sums: Mapping[str, str]) -> str:
    """Write a manifest of path -> sum. Line ends in names are written as bagit's library reads them. Pure."""
    return "".join(f"{sums[path]}  {encoded(path)}\n" for path in sorted(sums))


def read(text: str, where: str) -> dict[str, str]:
    """Read a manifest. NightfleetError (exit 3) when it is none. Pure."""
    sums = {}
    for line in text.splitlines():
        found = re.fullmatch(r"([0-9a-f]{64})[ \t]+\*?(.+)", line)
        if not found:
            raise NightfleetError(f"{line[:80]!r} is no line of a manifest", where, exit_code=Exit.REFUSED)
        sums[decoded(found[2])] = found[1]
    return sums


def encoded(path: str) -> str:
    """Write a name on one line. Pure."""
    return path.replace("\r", "%0D").replace("\n", "%0A")


def decoded(path: str) -> str:
    """Read what `encoded` wrote. Pure."""
    return path.replace("%0D", "\r").replace("%0A", "\n")


def digest(file: IO[bytes]) -> str:
    """Return the sum of what is left of a file."""
    sha = hashlib.sha256()
    while chunk := file.read(CHUNK):
        sha.update(chunk)
    return sha.hexdigest()


def info(fields: Mapping[str, str]) -> str:
    """Write bag-info.txt. Pure."""
    return "".join(f"{key}: {value}\n" for key, value in fields.items())


def seal(folder: Path, sums: Mapping[str, str], fields: Mapping[str, str], tree: str) -> None:
    """Write the files that make a folder with data/ a bag; the one that declares it comes last."""
    written = {MANIFEST: write(sums), INFO: info(fields), TREE: tree, DECLARATION: BAGIT}
    for name, text in written.items():
        (folder / name).write_text(text, encoding="utf-8", newline="")
    tags = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in written.items()}
    (folder / TAGS).write_text(write(tags), encoding="utf-8", newline="")


def check(folder: Path) -> dict[str, str]:
    """Compare every byte with its sum, by bagit's library; return bag-info. Refuses what is damaged."""
    import bagit

    logging.getLogger("bagit").setLevel(logging.CRITICAL)  # what it finds is in the error
    try:
        opened = bagit.Bag(str(folder))
        opened.validate(processes=1)
    except (bagit.BagError, OSError) as error:
        raise NightfleetError(f"this bag is damaged: {error}", str(folder), exit_code=Exit.REFUSED) from error
    return {key: value if isinstance(value, str) else value[-1] for key, value in opened.info.items()}


def files_of(folder: Path) -> Iterable[tuple[str, str]]:
    """Yield every file of a bag with its sum: payload first, the declaration last."""
    where = str(folder)
    payload = read((folder / MANIFEST).read_text(encoding="utf-8"), where)
    tags = read((folder / TAGS).read_text(encoding="utf-8"), where)
    declared = tags.pop(DECLARATION)
    yield from payload.items()
    yield from tags.items()
    with (folder / TAGS).open("rb") as file:
        yield TAGS, digest(file)
    yield DECLARATION, declared
