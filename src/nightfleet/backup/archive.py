"""Bags in a tar, as they travel: unpacked as plain files of one folder."""

import tarfile
from pathlib import Path

from nightfleet.errors import Exit, NightfleetError


def unpack(archive: Path, to: Path, name: str) -> None:
    """Unpack folder `name` of an archive into `to`; who sent it is not trusted with other paths."""
    try:
        with tarfile.open(archive) as opened:
            members = [
                one for one in opened if (one.isfile() or one.isdir()) and one.name.split("/")[0] == name
            ]
            opened.extractall(to, members, filter="data")
    except (tarfile.TarError, OSError) as error:
        raise NightfleetError(
            f"backup {name!r} cannot be unpacked: {error}", exit_code=Exit.REFUSED
        ) from error
