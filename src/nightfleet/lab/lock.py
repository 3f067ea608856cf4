"""One command at a time works on a lab, and one on what all labs share. Locks vanish with their holders."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from nightfleet.errors import Exit, NightfleetError
from nightfleet.lab.layout import LOCKS


@contextlib.contextmanager
def exclusive(path: Path, what: str, *, wait: bool = False) -> Iterator[None]:
    """Hold `path`, or say who does. The file is removed at the end, so that nothing of a lab stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            holder = os.read(descriptor, 20).decode().strip()
            os.close(descriptor)
            raise NightfleetError(
                f"another command works on it (pid {holder})", what, "wait until it has ended", Exit.REFUSED
            ) from None
        if _is_still(path, descriptor):
            break
        os.close(descriptor)  # its last holder removed it between our opening and our locking
    os.truncate(descriptor, 0)
    os.write(descriptor, f"{os.getpid()}\n".encode())
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)
        with contextlib.suppress(OSError):
            LOCKS.rmdir()


def _is_still(path: Path, descriptor: int) -> bool:
    try:
        there, ours = path.stat(), os.fstat(descriptor)
    except FileNotFoundError:
        return False
    return (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)
