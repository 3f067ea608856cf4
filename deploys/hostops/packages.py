"""Distribution packages."""

import shlex
from collections.abc import Generator, Sequence
from pathlib import Path

from pyinfra.api.command import StringCommand
from pyinfra.api.operation import operation
from pyinfra.context import host

from deploys.hostops.facts import PackageManager, Packages
from deploys.hostops.progress import report_wait
from deploys.hostops.this import ask

OURS = "/var/lib/nightfleet/packages"  # + name version: it came with us; - name version: it had to go
SCRIPT = (Path(__file__).parent / "templates" / "apt-install.sh").read_text(encoding="utf-8")


@operation()
def install_packages(packages: Sequence[str], lock_timeout: int) -> Generator[StringCommand, None, None]:
    """Install what is missing; never upgrade, never start a service (its capability does).

    Waits up to `lock_timeout` seconds for another package manager, and says for whom.
    """
    missing = sorted(set(packages) - set(ask(Packages, packages=sorted(packages))))
    if not missing:
        host.noop(f"{len(packages)} packages are installed")
        return
    if other := ask(PackageManager):
        report_wait(f"waits up to {int(lock_timeout)} s for another package manager: {other}")
    names = " ".join(shlex.quote(name) for name in missing)
    yield StringCommand(f"LOCK_TIMEOUT={int(lock_timeout)} OURS={OURS}\nset -- {names}\n{SCRIPT}")
