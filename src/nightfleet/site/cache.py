"""`cache`: what was read over the network is kept on a local disk (FS-Cache, cachefilesd)."""

from typing import Literal

from pydantic import Field

from nightfleet.site.section import Section


class Cache(Section):
    """How full the cache's filesystem may get, as percent that stay free; computed where nothing is said."""

    disk: Literal["auto", "dedicated", "shared"] = Field(
        "auto",
        description="dedicated: /var/cache/fscache is a filesystem of its own (`fscache` in a layout);"
        " shared: it lies on the root disk beside everything else; auto: whichever the layout says",
    )
    run: int | None = Field(None, ge=1, le=98, description="percent free above which nothing is thrown away")
    cull: int | None = Field(
        None, ge=1, le=98, description="percent free below which old things are thrown away"
    )
    stop: int | None = Field(None, ge=1, le=98, description="percent free below which nothing is added")
