"""`backup`: snapshots of etcd with the keys of the cluster, made on a timer on every control plane."""

import configparser
from typing import Annotated

from pydantic import Field

from nightfleet.errors import Exit, NightfleetError
from nightfleet.site.section import Directory, File, Line, Name, Section, Url, Word, form

Recipient = Annotated[
    str, form("age1[02-9ac-hj-np-z]{58}", "a public key like 'age1...', which `nightfleet backup key` prints")
]


class S3(Section):
    """A bucket. Nothing is ever removed there: its own lifecycle rule, or lock, says how long things stay."""

    endpoint: Url = Field(description="where the service answers", examples=["https://s3.example.org"])
    bucket: Annotated[str, form(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "the name of a bucket")] = Field(
        description="bucket that is there; objects are called SITE/NODE/BACKUP.tar and .txt"
    )
    region: Word = Field("us-east-1", description="region that requests are signed for")
    credentials: File = Field(
        "s3-credentials",
        description="your file, as AWS tools write it, with keys that may put, get and list in the bucket",
    )
    profile: Word = Field("default", description="section of that file")

    @property
    def url(self) -> str:
        """Address of the bucket, in the form that every service understands."""
        return f"{self.endpoint.rstrip('/')}/{self.bucket}"


def access(text: str, profile: str, where: str) -> tuple[str, str]:
    """Read key and secret from an AWS credentials file. NightfleetError (exit 2) when they are not there."""
    found = configparser.ConfigParser(interpolation=None, default_section="")
    try:
        found.read_string(text)
        return found[profile]["aws_access_key_id"], found[profile]["aws_secret_access_key"]
    except (configparser.Error, KeyError) as error:
        hint = f"it should hold [{profile}], aws_access_key_id = ... and aws_secret_access_key = ..."
        what = f"no keys for the bucket: {str(error).splitlines()[0]}"
        raise NightfleetError(what, where, hint, Exit.USAGE) from error


class Backup(Section):
    """Without a recipient nothing is backed up: the keys of a cluster are never written unencrypted."""

    recipients: tuple[Recipient, ...] = Field(
        (),
        description="public keys (age) of those who may open backups; any one of them is enough",
        examples=[["age17zlgw8yv8nanrzs5qlm3yfd376hv95atvrh96qcfvjeelkqs5y3s3ynsmp"]],
    )
    enabled: bool = Field(True, description="make backups on the schedule; by hand they are always possible")
    schedule: Line = Field(
        "daily", description="when, as systemd.time(7) writes it", examples=["*-*-* 02,14:00"]
    )
    spread: Word = Field(
        "30min", description="control planes wait a random part of this, a systemd time span"
    )
    keep: int = Field(7, ge=1, description="verified backups that a machine keeps")
    directory: Directory = Field("/var/lib/nightfleet/backup", description="where, on each control plane")
    copy_to: Name | None = Field(None, description="node that keeps a copy of every backup")

    s3: S3 | None = Field(None, description="bucket that keeps a copy of every backup")

    @property
    def on_schedule(self) -> bool:
        """Whether machines make backups by themselves."""
        return self.enabled and bool(self.recipients)
