"""Keys by which copies of backups travel: made where they are used, told to each other by the hosts."""

from collections.abc import Generator, Sequence
from typing import Any

from pyinfra.api.command import StringCommand
from pyinfra.api.exceptions import ConnectError
from pyinfra.api.operation import operation
from pyinfra.context import host, inventory

from deploys.backup.facts import HostKey, Keeper, SenderKey
from deploys.backup.plan import ACCOUNT, COPIES, ETC, authorized, bucket_access, known
from deploys.hostops import this
from deploys.hostops.facts import HostFact, Paths
from deploys.hostops.paths import commands
from deploys.hostops.refusal import refusal
from deploys.hostops.this import ask
from deploys.hostops.wanted import File
from nightfleet.errors import NightfleetError
from nightfleet.site.backup import S3, access


@operation()
def have_key(keeper: str | None) -> Generator[StringCommand, None, None]:
    """Have a key pair for sending copies, and know the keeper by its host key."""
    if keeper is None:
        host.noop("copies go to no other node")
        return
    host_key = ask_other(keeper, HostKey)
    if not host_key:
        yield refusal([f"{keeper}, which keeps the copies, shows no ed25519 host key; is it reachable?"])
        return
    file = known(keeper, host_key)
    own, knows = ask(SenderKey), _is_there(file)
    if own and knows:
        host.noop(f"a key for {keeper} is there")
        return
    if not own:
        key = f"{ETC}/id_ed25519"
        comment = f"nightfleet-backup@{this.node().name}"
        yield StringCommand(f"rm -f {key} && ssh-keygen -q -t ed25519 -N '' -C {comment} -f {key}")
    if not knows:
        yield _put(file)


@operation()
def have_bucket(s3: S3 | None) -> Generator[StringCommand, None, None]:
    """Have the keys of the bucket, which are read from the operator's file at this moment."""
    if s3 is None:
        host.noop("copies go to no bucket")
        return
    path = this.site().file(s3.credentials)
    try:
        file = bucket_access(s3, *access(path.read_text(encoding="utf-8"), s3.profile, str(path)))
    except OSError as error:
        yield refusal([f"the bucket's keys cannot be read: {path}: {error.strerror}"])
        return
    except NightfleetError as error:
        yield refusal([f"{error.where}: {error.what}. {error.hint}"])
        return
    if _is_there(file):
        host.noop(f"the keys of {s3.url} are there")
        return
    yield _put(file)


@operation()
def let_in(sources: Sequence[str], keep: int) -> Generator[StringCommand, None, None]:
    """Have the account for copies, and let the keys of these control planes run one command each."""
    if not sources:
        host.noop("keeps no copies")
        return
    there, now = ask(Keeper)
    file = authorized({name: ask_other(name, SenderKey) for name in sources}, keep, now)
    right = _is_there(file)
    if there and right:
        host.noop("who sends copies may do so")
        return
    if not there:
        yield StringCommand(
            f"systemd-sysusers nightfleet-backup.conf && install -d -m 750 -o {ACCOUNT} -g {ACCOUNT} {COPIES}"
        )
    if not right:
        yield _put(file)


def ask_other(name: str, fact: type[HostFact]) -> Any:
    """Ask another host, also when this run is limited to others; the fact's default without an answer."""
    other = inventory.get_host(name)
    if other in host.state.failed_hosts:
        return fact.default()
    if not other.connected:
        try:
            other.connect(raise_exceptions=True)
        except ConnectError:
            return fact.default()
    return other.get_fact(fact)


def _is_there(file: File) -> bool:
    return file.agrees(ask(Paths, paths=[file.path]).get(file.path))


def _put(file: File) -> StringCommand:
    script, stdin = commands([file], [], [])
    return StringCommand(script, _stdin=stdin)
