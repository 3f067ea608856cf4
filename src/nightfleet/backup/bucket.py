"""Copies of backups in a bucket (S3): what control planes put there, seen and fetched from here.

An object SITE/NODE/BACKUP.tar is a bag in a tar; SITE/NODE/BACKUP.txt is its bag-info.txt, put after it.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nightfleet.backup.archive import unpack
from nightfleet.backup.bag import NAME, Bag, open_bag, read_info
from nightfleet.bucket import answering, connect
from nightfleet.errors import NightfleetError
from nightfleet.site import Site

AT_MOST = 50  # copies that are looked at, the newest: in a bucket old ones may stay for years
KEY = "backup.s3"


@dataclass(frozen=True, slots=True)
class Found:
    """One backup in the bucket; `bag` is None when it does not say what it is."""

    name: str
    key: str  # of the archive
    bag: Bag | None


class Bucket:
    """The bucket of a site, opened with the operator's own keys. NightfleetError when it does not answer."""

    def __init__(self, site: Site) -> None:
        assert site.backup.s3
        self.site, self.s3 = site, site.backup.s3
        self._client: Any = connect(site, self.s3, KEY)

    @property
    def name(self) -> str:
        """What people read for it; no node is called so."""
        return f"s3:{self.s3.bucket}"

    def look(self) -> list[Found]:
        """Return the newest backups that arrived whole, newest first."""
        with answering(self.s3, KEY):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.s3.bucket, Prefix=f"{self.site.site}/"
            )
            keys = {one["Key"] for page in pages for one in page.get("Contents", ())}
            return [
                Found(name, f"{stem}.tar", self._info(f"{stem}.txt"))
                for name, stem in arrived(keys)[:AT_MOST]
            ]

    def whole(self, found: Found) -> bool:
        """Fetch it and compare every sum."""
        with tempfile.TemporaryDirectory(prefix="nightfleet-") as folder:
            archive = Path(folder) / "bag.tar"
            self.fetch(found.key, archive)
            try:
                unpack(archive, Path(folder), found.name)
                open_bag(Path(folder) / found.name)
            except NightfleetError:
                return False
            return True

    def fetch(self, key: str, to: Path) -> None:
        """Fetch an archive into a file."""
        with answering(self.s3, KEY):
            self._client.download_file(self.s3.bucket, key, str(to))

    def _info(self, key: str) -> Bag | None:
        body = self._client.get_object(Bucket=self.s3.bucket, Key=key)["Body"].read(65536)
        try:
            return read_info(body.decode(errors="replace"))
        except ValueError:
            return None


def arrived(keys: set[str]) -> list[tuple[str, str]]:
    """Return name and key without its end, newest first, of what is there with both its objects. Pure."""
    stems = (key.removesuffix(".txt") for key in keys if key.endswith(".txt"))
    named = [(stem.rpartition("/")[2], stem) for stem in stems if f"{stem}.tar" in keys]
    return sorted((one for one in named if NAME.fullmatch(one[0])), reverse=True)
