"""What pyinfra has no operation for, or one that asks too often."""

import base64
import shlex
from collections.abc import Generator, Mapping, Sequence

from pyinfra.api.command import StringCommand
from pyinfra.api.operation import operation
from pyinfra.context import host

from deploys.base.facts import Kernel, Names, Swap
from deploys.base.plan import FSTAB_SWAP, kernel_steps, with_block
from deploys.hostops.this import ask

# By rename, so that nobody ever reads half of it; a bind mount refuses that, and is rewritten in place.
WRITE_HOSTS = """set -eu
new=/etc/hosts.nightfleet
umask 022
base64 -d >$new
[ ! -e /etc/hosts ] || { chmod --reference=/etc/hosts $new; chown --reference=/etc/hosts $new; }
mv -fT $new /etc/hosts 2>/dev/null || { cat $new >/etc/hosts; rm -f $new; }"""


@operation()
def be_called(hostname: str) -> Generator[StringCommand, None, None]:
    """Give the running system its name (the file is written beside the other settings)."""
    if not hostname:
        host.noop("keeps the name that its owner gave it")
        return
    found, _ = ask(Names)
    if found == hostname:
        host.noop(f"already called {hostname}")
        return
    yield StringCommand(f"hostname {shlex.quote(hostname)}")


@operation()
def know_names(entries: Sequence[str]) -> Generator[StringCommand, None, None]:
    """Keep our block of /etc/hosts; everything outside its marks is the owner's."""
    _, found = ask(Names)
    wanted = with_block(found, entries)
    if found == wanted:
        host.noop("/etc/hosts names every node")
        return
    stdin = base64.encodebytes(wanted.encode()).decode()
    yield StringCommand(WRITE_HOSTS, _stdin=stdin)


@operation()
def settle_swap(policy: str) -> Generator[StringCommand, None, None]:
    """`off`: no swap now and after a reboot; the fstab lines stay, as comments that say who did it."""
    if policy == "keep":
        host.noop("swap stays as the machine has it")
        return
    active, fstab = ask(Swap)
    if not (active or fstab):
        host.noop("no swap")
        return
    yield StringCommand(
        "swapoff -a && { [ ! -f /etc/fstab ] ||"
        f" sed -i -E 's/^{FSTAB_SWAP}/#nightfleet# \\1/' /etc/fstab; }}"
    )


@operation()
def apply_kernel(
    modules: Sequence[str], sysctls: Mapping[str, str], account: str
) -> Generator[StringCommand, None, None]:
    """Load what is not loaded, set what differs, make the account; files for the next boot are in place."""
    found = ask(Kernel, sysctls=sorted(sysctls), account=account)
    steps = kernel_steps(found, modules, sysctls, account)
    if not steps:
        host.noop(f"{len(modules)} modules, {len(sysctls)} sysctls and the account are as they should be")
        return
    yield StringCommand(" && ".join(steps))
