"""Copies of backups in a bucket (S3): what control planes put there, seen and fetched from here.

An object SITE/NODE/BACKUP.tar is a bag in a tar; SITE/NODE/BACKUP.txt is its bag-info.txt, put after it.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nightfleet.backup.archive import unpack
from nightfleet.backup.bag import NAME, Bag, open_bag, read_info
from nightfleet.errors import NightfleetError
from nightfleet.site import Site
from nightfleet.site.backup import access

AT_MOST = 50  # copies that are looked at, the newest: in a bucket old ones may stay for years
SECONDS = 15


@dataclass(frozen=True, slots=True)
class Found:
    """One backup in the bucket; `bag` is None when it does not say what it is."""

    name: str
    key: str  # of the archive
    bag: Bag | None


class Bucket:
    """The bucket of a site, opened with the operator's own keys. NightfleetError when it does not answer."""

    def __init__(self, site: Site) -> None:
        import boto3  # a second of imports, for those who have a bucket
        from botocore.config import Config

        assert site.backup.s3
        self.site, self.s3 = site, site.backup.s3
        path = site.file(self.s3.credentials)
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise NightfleetError(
                f"the bucket's keys cannot be read: {error.strerror}", str(path), "backup.s3.credentials"
            ) from error
        key, secret = access(text, self.s3.profile, str(path))
        self._client: Any = boto3.client(
            "s3",
            endpoint_url=self.s3.endpoint,
            region_name=self.s3.region,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            config=Config(
                s3={"addressing_style": "path"},
                # other services than Amazon's refuse the checksums that boto3 adds by itself
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                connect_timeout=SECONDS,
                retries={"max_attempts": 2},
            ),
        )

    @property
    def name(self) -> str:
        """What people read for it; no node is called so."""
        return f"s3:{self.s3.bucket}"

    def look(self) -> list[Found]:
        """Return the newest backups that arrived whole, newest first."""
        with self._answering():
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
        with self._answering():
            self._client.download_file(self.s3.bucket, key, str(to))

    def _info(self, key: str) -> Bag | None:
        body = self._client.get_object(Bucket=self.s3.bucket, Key=key)["Body"].read(65536)
        try:
            return read_info(body.decode(errors="replace"))
        except ValueError:
            return None

    @contextmanager
    def _answering(self) -> Iterator[None]:
        from boto3.exceptions import Boto3Error
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except (BotoCoreError, ClientError, Boto3Error) as error:
            raise NightfleetError(str(error), self.s3.url, "backup.s3 in the site file") from error


def arrived(keys: set[str]) -> list[tuple[str, str]]:
    """Return name and key without its end, newest first, of what is there with both its objects. Pure."""
    stems = (key.removesuffix(".txt") for key in keys if key.endswith(".txt"))
    named = [(stem.rpartition("/")[2], stem) for stem in stems if f"{stem}.tar" in keys]
    return sorted((one for one in named if NAME.fullmatch(one[0])), reverse=True)
