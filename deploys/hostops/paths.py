"""Files and links, whole: one question about all of them, one command that puts the different ones right."""

import base64
import io
import shlex
import tarfile
from collections.abc import Generator, Sequence
from pathlib import Path

from pyinfra.api.command import StringCommand
from pyinfra.api.operation import operation
from pyinfra.context import host

from deploys.hostops.facts import Paths
from deploys.hostops.this import ask
from deploys.hostops.wanted import File, Link


@operation()
def place(
    files: Sequence[File] = (), links: Sequence[Link] = (), absent: Sequence[str] = ()
) -> Generator[StringCommand, None, None]:
    """Make these files and links be there, whole, and those paths not.

    Each file replaces its predecessor by rename, so that no reader sees half of it; contents travel
    on standard input, so that none is ever seen in a process list or a log.
    """
    paths = [*(file.path for file in files), *(link.path for link in links), *absent]
    found = ask(Paths, paths=paths)
    wrong = [file for file in files if not file.agrees(found.get(file.path))]
    astray = [link for link in links if not link.agrees(found.get(link.path))]
    surplus = [path for path in absent if path in found]
    if not (wrong or astray or surplus):
        host.noop(f"{len(paths)} paths are as they should be")
        return
    script, stdin = commands(wrong, astray, surplus)
    yield StringCommand(script, _stdin=stdin)


def commands(wrong: Sequence[File], astray: Sequence[Link], surplus: Sequence[str]) -> tuple[str, str]:
    """Return a shell script that puts these paths right, and what it reads from standard input."""
    script = ["set -eu", "umask 022"]
    if wrong:
        script += _unpack(wrong)
    script += [f"mkdir -m 755 -p {_q(str(Path(link.path).parent))}" for link in astray]
    script += [
        f"ln -sn {_q(link.target)} {_q(link.path)}.new$$ && mv -fT {_q(link.path)}.new$$ {_q(link.path)}"
        for link in astray
    ]
    script += [f"rm -f {_q(path)}" for path in surplus]
    # nothing for a script that reads nothing: it may end, and close its channel, while we still write
    return "\n".join(script), base64.encodebytes(_tar(wrong)).decode() if wrong else ""


def _unpack(files: Sequence[File]) -> list[str]:
    """Shell lines that unpack a tar from stdin beside its destination and move each file into place."""
    lines = [
        'stage=$(mktemp -d "${TMPDIR:-/var/tmp}/nightfleet.XXXXXX")',
        "trap 'rm -rf \"$stage\"' EXIT",
        'base64 -d | tar -xpf - -C "$stage"',
    ]
    for number, file in enumerate(files):
        folder = str(Path(file.path).parent)
        lines += [
            f"mkdir -m 755 -p {_q(folder)}",
            f'chown {_q(file.owner)}:{_q(file.group)} "$stage/{number}"',
            # cp onto the same filesystem first: a rename across filesystems is not atomic
            f'cp --preserve=mode,ownership "$stage/{number}" {_q(file.path)}.new$$',
            f"mv -fT {_q(file.path)}.new$$ {_q(file.path)}",
        ]
    return lines


def _tar(files: Sequence[File]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for number, file in enumerate(files):
            content = file.content.encode()
            member = tarfile.TarInfo(str(number))
            member.size, member.mode = len(content), file.mode
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


_q = shlex.quote
