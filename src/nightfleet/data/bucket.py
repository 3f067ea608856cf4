"""A bag in a bucket: one object per file, so that one file can be had alone; checked by reading it there.

Objects are called SITE/data/BAG/FILE, with the sum of each in its metadata: what is there with the right size
and sum is not sent again. `bagit.txt` comes last: a bag without it has not arrived whole.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nightfleet.bucket import answering, connect
from nightfleet.data import manifest
from nightfleet.errors import Exit, NightfleetError
from nightfleet.site import Site

KEY = "data.s3"
SUM = "sha256"  # x-amz-meta-sha256
OnFile = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Sent:
    """What a copy did."""

    objects: int
    size: int  # bytes that were sent
    kept: int  # objects that were there already


@dataclass(frozen=True, slots=True)
class Read:
    """What a check found: files that are as their sums say, and faults."""

    files: int
    size: int
    faults: tuple[str, ...]


class Bags:
    """The bags of a site in its bucket. NightfleetError when there is none, or it does not answer."""

    def __init__(self, site: Site) -> None:
        if site.data.s3 is None:
            raise NightfleetError(
                "this site has no bucket for data", str(site.path), "data.s3 in the site file", Exit.USAGE
            )
        self.site, self.s3 = site, site.data.s3
        self._client: Any = connect(site, self.s3, KEY)

    def url(self, name: str) -> str:
        """Return the address of a bag, as people read it."""
        return f"s3:{self.s3.bucket}/{self._key(name, '')}"

    def names(self) -> list[str]:
        """Return the bags that arrived whole."""
        found = [key.split("/") for key in self._sizes(f"{self.site.site}/data/")]
        return sorted(parts[2] for parts in found if parts[3:] == [manifest.DECLARATION])

    def copy(self, folder: Path, on_file: OnFile = lambda _path, _size: None) -> Sent:
        """Send a bag that is whole here; what is there already stays. Run again, it goes on."""
        name, sent, size, kept = folder.name, 0, 0, 0
        there = self._sizes(self._key(name, ""))
        for path, total in manifest.files_of(folder):
            file, key = folder / path, self._key(name, path)
            length = file.stat().st_size
            with answering(self.s3, KEY):
                if there.get(key) == length and self._sum(key) == total:
                    kept += 1
                else:
                    extra = {"Metadata": {SUM: total}}
                    self._client.upload_file(str(file), self.s3.bucket, key, ExtraArgs=extra)
                    sent, size = sent + 1, size + length
            on_file(path, length)
        return Sent(sent, size, kept)

    def verify(self, name: str, on_file: OnFile = lambda _path, _size: None) -> Read:
        """Read every byte of a bag where it lies, and compare it with its sum. Refuses what is no bag."""
        there = self._sizes(self._key(name, ""))
        if self._key(name, manifest.DECLARATION) not in there:
            hint = f"there are: {', '.join(self.names()) or 'none'}"
            raise NightfleetError(f"no bag {name!r} has arrived whole", self.url(name), hint, Exit.REFUSED)
        tags = manifest.read(self._text(name, manifest.TAGS), self.url(name))
        faults, files, size = [], 0, 0
        for path, total, found, length in self._compared(name, tags, there):
            on_file(path, length)
            files, size = files + 1, size + length
            faults += [] if found == total else [f"{path}: {'missing' if not found else 'another sum'}"]
        known = {self._key(name, path) for path in (*self._payload(name), *tags, manifest.TAGS)}
        faults += [
            f"{key.rpartition(f'/{name}/')[2]}: not in the bag's manifest"
            for key in sorted(set(there) - known)
        ]
        return Read(files, size, tuple(faults))

    def _compared(
        self, name: str, tags: dict[str, str], there: dict[str, int]
    ) -> Iterator[tuple[str, str, str, int]]:
        """Yield each file with the sum that it should have and the one that it has; empty when missing."""
        for path, total in {**tags, **self._payload(name)}.items():
            key = self._key(name, path)
            yield path, total, self._digest(key) if key in there else "", there.get(key, 0)

    def _payload(self, name: str) -> dict[str, str]:
        return manifest.read(self._text(name, manifest.MANIFEST), self.url(name))

    def _key(self, name: str, path: str) -> str:
        return f"{self.site.site}/data/{name}/{path}"

    def _sizes(self, prefix: str) -> dict[str, int]:
        with answering(self.s3, KEY):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.s3.bucket, Prefix=prefix
            )
            return {one["Key"]: one["Size"] for page in pages for one in page.get("Contents", ())}

    def _sum(self, key: str) -> str:
        head = self._client.head_object(Bucket=self.s3.bucket, Key=key)
        return str(head["Metadata"].get(SUM, ""))

    def _digest(self, key: str) -> str:
        with answering(self.s3, KEY):
            return manifest.digest(self._client.get_object(Bucket=self.s3.bucket, Key=key)["Body"])

    def _text(self, name: str, path: str) -> str:
        with answering(self.s3, KEY):
            body = self._client.get_object(Bucket=self.s3.bucket, Key=self._key(name, path))["Body"]
            return str(body.read().decode())
