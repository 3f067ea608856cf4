"""Carrying out a plan of copies: each by itself, with its line in the ledger before and after.

One volume that fails leaves the others their copies; who failed and why is returned for the caller to tell.
"""

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

from nightfleet.cloud.copies import Copy, Volume, plan_copies
from nightfleet.cloud.shelf import Shelf
from nightfleet.converge.lock import only_one
from nightfleet.errors import Exit, NightfleetError
from nightfleet.home import state_dir
from nightfleet.ledger import Event, Ledger
from nightfleet.site.cloud import VolumeBackups

RUN = "volume backup"
Doing = Callable[[str], contextlib.AbstractContextManager[object]]  # shows a person what goes on


@dataclass(slots=True)
class Outcome:
    """What was done, and what failed: a volume or a copy by its name, and why."""

    done: list[str] = field(default_factory=list)
    failed: dict[str, NightfleetError] = field(default_factory=dict)

    @property
    def exit_code(self) -> Exit:
        """Exit code of the command."""
        if not self.failed:
            return Exit.DONE
        return Exit.PARTLY if self.done else Exit.FAILED


def one_copier(site: str) -> contextlib.AbstractContextManager[None]:
    """Hold what a timer and a person share: together they would copy a volume twice."""
    return only_one(state_dir(site) / "copies.lock", datetime.now(UTC), "backed up")


class Copying:
    """One run over the volumes of a site."""

    def __init__(self, shelf: Shelf, ledger: Ledger, doing: Doing) -> None:
        self.shelf, self.ledger, self.doing = shelf, ledger, doing
        self.outcome = Outcome()

    def make(self, volumes: Iterable[Volume]) -> None:
        """Copy each volume."""
        for volume in volumes:
            self._do("copy", volume.key, partial(self._made, volume))

    def expire(self, volumes: Iterable[Volume], settings: VolumeBackups) -> None:
        """Delete what is beyond `keep`, decided anew: by what is good by now."""
        late = plan_copies(volumes, self.shelf.all(), datetime.now(UTC), settings.every, settings.keep)
        for copy in late.drop:
            self._do("drop", copy.name, partial(self._dropped, copy))

    def _made(self, volume: Volume) -> str:
        return self.shelf.make(volume).name

    def _dropped(self, copy: Copy) -> str:
        self.shelf.drop(copy)
        return copy.name

    def _do(self, step: str, name: str, act: Callable[[], str]) -> None:
        self.ledger.append(RUN, step, Event.BEGUN, note=name)
        try:
            with self.doing(f"{step} {name}"):
                done = act()
        except NightfleetError as error:
            self.ledger.append(RUN, step, Event.FAILED, note=f"{name}: {error.what}"[:300])
            self.outcome.failed[name] = error
        else:
            self.ledger.append(RUN, step, Event.DONE, note=done)
            self.outcome.done.append(done)
