"""Who offers an item for download: another depot, and the release site."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pydantic import ValidationError

from nightfleet.depot.cache import Cache
from nightfleet.depot.download import Downloader, Unavailable
from nightfleet.depot.events import Event, OnEvent, Step
from nightfleet.depot.model import Index, Origin, Stored
from nightfleet.depot.plan import Item
from nightfleet.errors import NightfleetError


@dataclass(frozen=True, slots=True)
class Offer:
    """A URL and what its bytes will be recorded as; the size is known only afterwards."""

    item: Item
    url: str
    stored: Stored


def upstream(items: Iterable[Item]) -> Iterator[Offer]:
    """Offer what the lock knows the sha256 of."""
    for item in items:
        if item.sha256:
            yield Offer(item, item.url, item.stored(item.sha256, Origin.UPSTREAM, item.sha256))


def other_depot(url: str, items: Iterable[Item], downloader: Downloader) -> Iterator[Offer]:
    """Offer what another depot has by the same recipe or with the upstream sha256."""
    try:
        index = Index.model_validate_json(downloader.read(f"{url}/index.json"))
    except Unavailable as error:
        raise NightfleetError(str(error), where=url, hint="nightfleet depot serve starts one") from error
    except ValidationError as error:
        raise NightfleetError("index.json is not a depot's index", where=url) from error
    for item in items:
        for theirs in index.files:
            if item.accepts(theirs):
                ours = theirs.model_copy(update={"origin": Origin.DEPOT})
                yield Offer(item, f"{url}/{theirs.path}", ours)


def take(offer: Offer, cache: Cache, downloader: Downloader, on_event: OnEvent) -> Stored:
    """Download an offer and record it."""
    item = str(offer.item)

    def tell(done: int, total: int) -> None:
        on_event(Event(Step.DOWNLOAD, item, offer.url, done, total))

    expected = offer.stored.sha256
    part = downloader.get(offer.url, expected, cache.part(offer.item.name, expected), tell)
    sha256, size = cache.adopt(part, offer.item.file, offer.item.mode)
    stored = offer.stored.model_copy(update={"sha256": sha256, "size": size})
    cache.record(stored)
    on_event(Event(Step.STORED, item, stored.origin, size, size))
    return stored
