"""What a unit file alone does not do: let go of mounts, and see that a cache is really on."""

import shlex
from collections.abc import Generator, Sequence

from pyinfra.api.command import StringCommand
from pyinfra.api.operation import operation
from pyinfra.context import host

from deploys.cachefilesd.plan import MOVES
from deploys.hostops.mounts import let_go
from deploys.hostops.this import ask
from deploys.nfs_client.facts import Answering, Client
from deploys.nfs_client.plan import TEMPLATES, Found, Wanted, astray, escaped, other_idle
from nightfleet.mounted import uncached

PROVE = (TEMPLATES / "prove.sh").read_text(encoding="utf-8")


@operation()
def retire(units: Sequence[str]) -> Generator[StringCommand, None, None]:
    """Unmount shares that the site no longer has, unless somebody uses them: then this host fails here."""
    if not units:
        host.noop("every share that is mounted is of the site")
        return
    calls = [
        f"systemctl disable --quiet --now {shlex.quote(unit)}"
        f" && timeout 40 systemctl stop {shlex.quote(unit.removesuffix('.automount') + '.mount')}"
        for unit in units
    ]
    yield StringCommand(" && ".join(calls))


@operation()
def renew(wanted: Wanted) -> Generator[StringCommand, None, None]:
    """Unmount what is mounted otherwise than the site says; the next look mounts it as it should be."""
    found: Found = ask(Client)
    late = other_idle(wanted, found)
    places = dict.fromkeys((*astray(wanted, found), *late))
    if not places:
        host.noop("what is mounted is mounted as the site says")
        return
    # a running automount keeps its idle time; stopped with a mount on it, it would take that along
    calls = [f"systemctl restart {shlex.quote(escaped(place))}.automount" for place in late]
    yield StringCommand(" && ".join([let_go(places), *calls]))


@operation()
def prove_cache(places: Sequence[str]) -> Generator[StringCommand, None, None]:
    """Look at cached shares, and fail where the kernel does not say FSC yes or a read goes past the cache."""
    if not places:
        host.noop("nothing is mounted with a cache")
        return
    found: Found = ask(Answering, places=places)
    there = {mount.where for mount in found.mounts}
    if (
        not found.silent
        and not found.past
        and set(places) <= there
        and not list(uncached(places, found.mounts, found.volumes or {}))
    ):
        unread = f"; nothing could be read anew in {', '.join(found.unread)}" if found.unread else ""
        host.noop(f"FSC yes: {', '.join(places)}{unread}")
        return
    yield StringCommand(f"{MOVES}\nset -- {' '.join(map(shlex.quote, places))}\n{PROVE}")
