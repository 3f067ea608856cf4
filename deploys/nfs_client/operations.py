"""What a unit file alone does not do: let go of mounts, and see that a cache is really on."""

import shlex
from collections.abc import Generator, Sequence

from pyinfra.api.command import StringCommand
from pyinfra.api.operation import operation
from pyinfra.context import host

from deploys.hostops.this import ask
from deploys.nfs_client.facts import Answering, Client
from deploys.nfs_client.plan import TEMPLATES, Found, Wanted, astray, escaped
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
    places = astray(wanted, ask(Client))
    if not places:
        host.noop("what is mounted is mounted as the site says")
        return
    calls = [f"timeout 40 systemctl stop {shlex.quote(escaped(place))}.mount" for place in places]
    busy = f"fuser -vm {' '.join(map(shlex.quote, places))} >&2; exit 1"
    yield StringCommand(f"{' && '.join(calls)} || {{ {busy}; }}")


@operation()
def prove_cache(places: Sequence[str]) -> Generator[StringCommand, None, None]:
    """Look at every cached share, and fail where the kernel does not say FSC yes."""
    if not places:
        host.noop("nothing is mounted with a cache")
        return
    found: Found = ask(Answering, places=places)
    there = {mount.where for mount in found.mounts}
    if (
        not found.silent
        and set(places) <= there
        and not list(uncached(places, found.mounts, found.volumes or {}))
    ):
        host.noop(f"FSC yes: {', '.join(places)}")
        return
    yield StringCommand(f"set -- {' '.join(map(shlex.quote, places))}\n{PROVE}")
