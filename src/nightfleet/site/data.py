"""`data`: where copies of volumes' contents go (nightfleet data)."""

from pydantic import Field

from nightfleet.site.backup import S3
from nightfleet.site.section import Section


class Data(Section):
    """Without a bucket, bags stay on the operator's machine."""

    s3: S3 | None = Field(None, description="bucket for bags of volumes' contents")
