"""The operator's key pair, and opening what was encrypted to it.

Backups are files of age (https://age-encryption.org/v1): authenticated, read as a stream of any length.
Machines know the public half alone.
"""

import hashlib
import io
import os
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import pyrage

from nightfleet.errors import Exit, NightfleetError
from nightfleet.home import state_dir

SUM = hashlib.sha256().digest_size  # etcd ends a snapshot with the sum of all before it
CHUNK = 1 << 20


def default_path(site: str) -> Path:
    """Return where a site's key lies when nobody says otherwise."""
    return state_dir(site) / "backup.key"


def make(path: Path) -> str:
    """Make a key pair, for its owner's eyes; return the public half. One that is there is never replaced."""
    identity = pyrage.x25519.Identity.generate()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise NightfleetError(
            "there is a key already, and what was encrypted to it needs it",
            str(path),
            f"its public half: {public(path)}; or name another file with --key",
            Exit.REFUSED,
        ) from error
    with os.fdopen(descriptor, "w") as file:
        file.write(f"# public key: {identity.to_public()}\n{identity}\n")
    return str(identity.to_public())


def public(path: Path) -> str:
    """Return the public half of a key."""
    return str(read(path).to_public())


def read(path: Path) -> Any:
    """Read a private key as `age-keygen` and `nightfleet backup key` write it."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        hint = "--key names the file that `nightfleet backup key` wrote"
        raise NightfleetError(f"cannot read the key: {error}", str(path), hint, Exit.USAGE) from error
    secret = next((line.strip() for line in lines if line.strip() and not line.startswith("#")), "")
    try:
        return pyrage.x25519.Identity.from_str(secret)
    except pyrage.IdentityError as error:
        hint = "a line that begins with AGE-SECRET-KEY-1"
        raise NightfleetError("this is no key of age", str(path), hint, Exit.USAGE) from error


@contextmanager
def opened(path: Path, key: Any) -> Iterator[IO[bytes]]:
    """Read an encrypted file in clear, as it comes. Refuses (exit 3) at the end when it was not whole."""
    reader, writer = os.pipe()
    faults: list[Exception] = []

    def decrypt() -> None:
        with path.open("rb") as source, os.fdopen(writer, "wb") as target:
            try:
                pyrage.decrypt_io(source, target, [key])
            except BrokenPipeError:
                pass  # the reader had enough
            except Exception as error:  # of the library, which promises no type
                faults.append(error)

    thread = threading.Thread(target=decrypt, daemon=True)
    thread.start()
    with suppress(BrokenPipeError), os.fdopen(reader, "rb") as clear:
        yield clear
    thread.join()
    if faults:
        raise NightfleetError(
            f"cannot be opened with this key: {faults[0]}", str(path), "which key: --key FILE", Exit.REFUSED
        )


def check_snapshot(path: Path, key: Any) -> int:
    """Open a snapshot and compare it with the sum that etcd put at its end; return its size in bytes."""
    total, size, tail = hashlib.sha256(), 0, b""
    with opened(path, key) as clear:
        while chunk := clear.read(CHUNK):
            size += len(chunk)
            tail += chunk
            total.update(tail[:-SUM])
            tail = tail[-SUM:]
    if total.digest() != tail:
        raise NightfleetError("this is no whole snapshot of etcd", str(path), exit_code=Exit.REFUSED)
    return size


def read_keys(path: Path, key: Any) -> dict[str, bytes]:
    """Open the cluster's keys: name in the archive -> content. Secret: for memory and standard input only."""
    with opened(path, key) as clear:
        data = clear.read()
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        files = {member.name: archive.extractfile(member) for member in archive if member.isfile()}
        return {name: file.read() for name, file in files.items() if file}
