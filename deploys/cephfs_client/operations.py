"""Letting go of shares that the site no longer has, or has otherwise; seeing that a cache is really on."""

import shlex
from collections.abc import Collection, Generator, Sequence

from pyinfra.api.command import StringCommand
from pyinfra.api.operation import operation
from pyinfra.context import host

from deploys.cachefilesd.plan import MOVES
from deploys.cephfs_client.astray import astray
from deploys.cephfs_client.facts import Ceph, Moving
from deploys.cephfs_client.plan import MARK, TEMPLATES, Found, Wanted
from deploys.hostops.facts import Paths
from deploys.hostops.mounts import let_go
from deploys.hostops.this import ask

PROVE = (TEMPLATES / "prove.sh").read_text(encoding="utf-8")
FORGET = (TEMPLATES / "forget.sh").read_text(encoding="utf-8")


@operation()
def forget(except_for: Collection[str] = ()) -> Generator[StringCommand, None, None]:
    """Unmount our shares but those of these files (units, and what lies in /etc/ceph), and remove theirs.

    The list of our files stays as it is: it may name some that are gone, never lack one that is there.
    """
    if MARK not in ask(Paths, paths=[MARK]):
        host.noop("nothing was ever mounted by us")
        return
    found: Found = ask(Ceph, places=())
    kept = {path.rpartition("/")[2] for path in except_for}
    units = [unit for unit in found.units if unit not in kept]
    files = [path for path in found.ours if path in found.there and path not in except_for]
    if not (units or files):
        host.noop("every share that is mounted is in the site file")
        return
    calls = [f"forget {shlex.quote(unit)} || exit 1" for unit in units]
    removed = [f"rm -f {' '.join(map(shlex.quote, files))}"] if files else []
    yield StringCommand("\n".join([FORGET, *calls, "systemctl daemon-reload", *removed]))


@operation()
def renew(wanted: Wanted) -> Generator[StringCommand, None, None]:
    """Unmount what is mounted otherwise than the site says; the next look mounts it as it should be."""
    places = astray(wanted, ask(Ceph, places=()))
    if places:
        yield StringCommand(let_go(places))
    else:
        host.noop("what is mounted is mounted as the site says")


@operation()
def prove_cache(places: Sequence[str]) -> Generator[StringCommand, None, None]:
    """Read a file of every cached share, and fail where that goes past the cache; none that is away fails."""
    found: dict[str, str] = ask(Moving, places=places) if places else {}
    if "unmoved" in found.values():
        yield StringCommand(f"{MOVES}\nset -- {' '.join(map(shlex.quote, places))}\n{PROVE}")
    else:
        host.noop(", ".join(f"{place}: {said}" for place, said in found.items()) or "nothing is cached")
