"""A bucket of a site (S3), opened with the operator's own keys: what every use of it shares."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from nightfleet.errors import NightfleetError
from nightfleet.site import Site
from nightfleet.site.backup import S3, access

SECONDS = 15


def connect(site: Site, s3: S3, key: str) -> Any:
    """Return boto3's client; `key` is where the site file has the bucket. NightfleetError without keys."""
    import boto3  # a second of imports, for those who have a bucket
    from botocore.config import Config

    path = site.file(s3.credentials)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise NightfleetError(
            f"the bucket's keys cannot be read: {error.strerror}", str(path), f"{key}.credentials"
        ) from error
    name, secret = access(text, s3.profile, str(path))
    return boto3.client(
        "s3",
        endpoint_url=s3.endpoint,
        region_name=s3.region,
        aws_access_key_id=name,
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


@contextmanager
def answering(s3: S3, key: str) -> Iterator[None]:
    """Turn what goes wrong with the service into a NightfleetError."""
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError, Boto3Error) as error:
        raise NightfleetError(str(error), s3.url, f"{key} in the site file") from error
