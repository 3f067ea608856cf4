"""Letting go of shares that the site no longer has."""

import shlex
from collections.abc import Collection, Generator

from pyinfra.api.command import StringCommand
from pyinfra.api.operation import operation
from pyinfra.context import host

from deploys.cephfs_client.facts import Ceph
from deploys.cephfs_client.plan import MARK, TEMPLATES, Found
from deploys.hostops.facts import Paths
from deploys.hostops.this import ask

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
