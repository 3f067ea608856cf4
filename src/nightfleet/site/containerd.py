"""`containerd`: the container runtime."""

from typing import Literal

from pydantic import Field

from nightfleet.site.section import Section


class Containerd(Section):
    """Settings of containerd; its root is /var/lib/containerd (the imagefs)."""

    max_parallel_downloads: int = Field(4, ge=1, description="layers downloaded at once per image")
    log_level: Literal["trace", "debug", "info", "warn", "error", "fatal", "panic"] = Field(
        "info", description="how much containerd writes to the journal"
    )
