"""Fill the depot: local cache, another depot, upstream with its sha256, Go modules - the first that has it.

Downloads run side by side. Builds run one after another, for `go build` uses every processor itself, while
what was built before is packed.
"""

import os
import shutil
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from nightfleet.depot import gobuild, sources
from nightfleet.depot.cache import Cache
from nightfleet.depot.debian import missing_packages
from nightfleet.depot.download import Downloader, Unavailable
from nightfleet.depot.events import Event, OnEvent, Step, ignore
from nightfleet.depot.make import make
from nightfleet.depot.model import Index, Lock, Origin, Stored, Wanted, load_lock
from nightfleet.depot.plan import Command, Item, image_sets, items, stored_for
from nightfleet.errors import NightfleetError

ROOM = 8 << 30  # bytes that a cold build of Kubernetes takes: modules, Go's build cache, results


def fetch(
    wanted: Iterable[tuple[str, str]] | None = None,
    *,
    lock: Lock | None = None,
    cache: Cache | None = None,
    arch: str | None = None,
    depot: str | None = None,
    source: Origin | None = None,
    jobs: int = 4,
    on_event: OnEvent = ignore,
) -> Index:
    """Bring everything wanted into the local depot; without `wanted`, the lock's default set."""
    lock = lock or load_lock()
    names = _names(lock, wanted)
    run = _Run(lock, cache or Cache(), depot.rstrip("/") if depot else "", source, jobs, on_event)
    todo = items(lock, names, arch or gobuild.host_arch())
    missing = run.missing(todo)
    for item in todo:
        if item not in missing:
            on_event(Event(Step.CACHED, str(item)))
    if missing:
        with run.cache.exclusive(lambda: on_event(Event(Step.NOTE, "depot", "waits for another fetch"))):
            run.fill(run.missing(missing))
    return run.cache.record(kubernetes=image_sets(lock, names))


def packages_to_install(
    wanted: Iterable[tuple[str, str]] | None = None, *, lock: Lock | None = None, cache: Cache | None = None
) -> tuple[str, ...]:
    """Return the Debian packages that building what is missing would need and this machine lacks."""
    lock = lock or load_lock()
    todo = items(lock, _names(lock, wanted), gobuild.host_arch())
    missing = _Run(lock, cache or Cache()).missing(todo)
    builds = {command.build for item in missing for command in item.commands.values()}
    return missing_packages(name for build in builds for name in lock.builds[build].packages)


def _names(lock: Lock, wanted: Iterable[tuple[str, str]] | None) -> tuple[Wanted, ...]:
    return lock.default_set() if wanted is None else tuple(Wanted(*pair) for pair in wanted)


@dataclass
class _Run:
    """One fetch: what it may use, and whom it tells."""

    lock: Lock
    cache: Cache
    depot: str = ""
    source: Origin | None = None
    jobs: int = 4
    tell: OnEvent = ignore
    downloader: Downloader = field(default_factory=Downloader)

    def missing(self, todo: Sequence[Item]) -> list[Item]:
        index = self.cache.index()
        found = [(item, stored_for(index, item, self.source)) for item in todo]
        return [item for item, stored in found if stored is None or not self.cache.holds(stored)]

    def fill(self, todo: list[Item]) -> None:
        left = todo
        if self.depot and self.source in (None, Origin.DEPOT):
            left = self._download(left, list(sources.other_depot(self.depot, left, self.downloader)))
        if self.source in (None, Origin.UPSTREAM):
            left = self._download(left, list(sources.upstream(left)))
        may_build = self.source in (None, Origin.GOMOD)
        self._build([item for item in left if item.key and may_build])
        if lost := [item for item in left if not (item.key and may_build)]:
            names = ", ".join(map(str, lost))
            hint = "leave out --source" if self.source else "give --depot URL of a depot that has it"
            raise NightfleetError(f"{names}: not to be had from {self.source or 'any source'}", hint=hint)

    def _download(self, todo: list[Item], offers: list[sources.Offer]) -> list[Item]:
        with ThreadPoolExecutor(self.jobs) as pool:
            results = [
                pool.submit(sources.take, offer, self.cache, self.downloader, self.tell) for offer in offers
            ]
        got, refusals = set(), dict[str, str]()
        for offer, result in zip(offers, results, strict=True):
            try:
                result.result()
                got.add(offer.item)
            except Unavailable as error:
                refusals.setdefault(str(error), str(offer.item))
        for why, item in refusals.items():  # one line per reason, not per file
            self.tell(Event(Step.NOTE, item, why))
        return [item for item in todo if item not in got]

    def _build(self, todo: list[Item]) -> None:
        if todo:
            self._check_room()
        groups: dict[tuple[str, str, str], set[str]] = {}
        for item in todo:
            for command in item.commands.values():
                groups.setdefault((command.build, command.version, item.arch), set()).add(command.name)
        built: dict[Command, Path] = {}
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            packing: list[Future[Stored]] = []
            for (name, version, arch), commands in sorted(groups.items()):
                job = gobuild.Job(self.lock, name, version, arch)
                paths = gobuild.build(job, commands, self.cache, self.tell)
                built |= {Command(name, version, command): path for command, path in paths.items()}
                ready = [item for item in todo if built.keys() >= set(item.commands.values())]
                todo = [item for item in todo if item not in ready]
                packing += [pool.submit(self._make, item, built) for item in ready]
        for future in packing:
            future.result()

    def _make(self, item: Item, built: dict[Command, Path]) -> Stored:
        self.tell(Event(Step.PACK, str(item)))
        stored = make(item, dict(built), self.cache)
        self.tell(Event(Step.STORED, str(item), stored.origin, stored.size, stored.size))
        return stored

    def _check_room(self) -> None:
        free = shutil.disk_usage(self.cache.root).free
        if free < ROOM:
            raise NightfleetError(
                f"{free >> 30} GiB free, a build may need {ROOM >> 30} GiB",
                where=str(self.cache.root),
                hint="make room, or set XDG_CACHE_HOME to a larger disk",
            )
