"""Folders, their limits, and exports that a running server takes up."""

import shlex
from collections.abc import Generator, Sequence

from pyinfra.api.command import StringCommand
from pyinfra.api.operation import operation
from pyinfra.context import host

from deploys.hostops.facts import Paths
from deploys.hostops.this import ask
from deploys.nfs_server.facts import Newer, serving
from deploys.nfs_server.plan import Program, Quota, Wanted, quota_steps


@operation()
def make_folders(folders: Sequence[tuple[str, str]]) -> Generator[StringCommand, None, None]:
    """Make folders that lack; one that is there is its users' and stays as it is."""
    found = ask(Paths, paths=[path for path, _ in folders])
    lacking = [(path, mode) for path, mode in folders if path not in found]
    if not lacking:
        host.noop(f"{len(folders)} folders are there")
        return
    made = [
        f"mkdir -p {q} && {{ [ ! -d {q} ] || chmod {mode} {q}; }}"
        for path, mode in lacking
        if (q := shlex.quote(path))
    ]
    yield StringCommand(" && ".join(made))


@operation()
def limit(quotas: Sequence[Quota]) -> Generator[StringCommand, None, None]:
    """Give folders their XFS projects and limits; folders on other filesystems have none."""
    steps = quota_steps(quotas, serving())
    if steps:
        calls = [f"xfs_quota -x -c {shlex.quote(command)} {shlex.quote(at)}" for at, command in steps]
        yield StringCommand(f"{{ {' && '.join(calls)}; }} >/dev/null")
    else:
        host.noop(f"{len(quotas)} folders have their limits")


@operation()
def load_exports(wanted: Wanted) -> Generator[StringCommand, None, None]:
    """Let the running server read its exports, when they are younger than what it has read."""
    if not ask(Newer, file=wanted.exports, stamp=wanted.loaded):
        host.noop("exports are in force")
    elif wanted.program is Program.KERNEL:
        yield StringCommand("exportfs -ra")
    else:
        yield StringCommand(f"systemctl reload nightfleet-ganesha.service && touch {wanted.loaded}")
