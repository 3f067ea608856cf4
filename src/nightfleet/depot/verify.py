"""Read every byte of the depot again and compare with the index."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import file_digest

from nightfleet.depot.cache import Cache
from nightfleet.depot.events import Event, OnEvent, Step, ignore
from nightfleet.depot.model import Stored


@dataclass(frozen=True, slots=True)
class Bad:
    """A file that is not what the index says."""

    stored: Stored
    why: str


def verify(cache: Cache | None = None, *, repair: bool = False, on_event: OnEvent = ignore) -> Sequence[Bad]:
    """Return every bad file; `repair` removes them from depot and index, so that the next fetch gets them."""
    cache = cache or Cache()

    def check(stored: Stored) -> Bad | None:
        why = _fault(cache, stored)
        step = Step.BAD if why else Step.STORED
        on_event(Event(step, f"{stored.name} {stored.version}", why, stored.size, stored.size))
        return Bad(stored, why) if why else None

    with ThreadPoolExecutor(os.cpu_count()) as pool:  # hashing leaves Python's lock
        bad = [found for found in pool.map(check, cache.index().files) if found]
    if repair and bad:
        cache.forget(*(one.stored for one in bad))
    return bad


def _fault(cache: Cache, stored: Stored) -> str:
    try:
        with cache.path(stored).open("rb") as stream:
            found = file_digest(stream, "sha256").hexdigest()
    except FileNotFoundError:
        return "missing"
    except OSError as error:
        return error.strerror or str(error)
    return "" if found == stored.sha256 else f"sha256 is {found[:12]}, not {stored.sha256[:12]}"
