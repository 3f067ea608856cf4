"""Claims about what must not be in a site file at all."""

from collections.abc import Iterator
from typing import Any

from nightfleet.site.faults import At, Fault
from nightfleet.site.model import Site
from nightfleet.site.words import NO_SECRETS, SECRET, dotted


def secrets_are_elsewhere(site: Site) -> Iterator[Fault]:
    for at, text in texts(site.model_dump(mode="json", by_alias=True)):
        if SECRET.search(text):
            yield Fault(f"{dotted(at)} holds a password or private key", at, NO_SECRETS)


def texts(value: Any, at: At = ()) -> Iterator[tuple[At, str]]:
    """Yield every text below `value` with its place."""
    if isinstance(value, str):
        yield at, value
    elif isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from texts(item, (*at, key))


SECRETS = (secrets_are_elsewhere,)
