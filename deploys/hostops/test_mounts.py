"""What a host runs before a mount is made anew, beside a systemctl that does as it is told."""

import os
import subprocess
from pathlib import Path

import pytest

from deploys.hostops.mounts import let_go


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder that stands for a mounted share, and where it is listed."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "share").mkdir()
    program(tmp_path, "systemd-escape", 'echo "${3##*/}.mount"')
    lines = [f"systemd-1 {tmp_path}/share autofs rw", f"10.0.0.1:/srv {tmp_path}/share nfs4 rw"]
    (tmp_path / "mounts").write_text("".join(f"{line} 0 0\n" for line in lines))
    return tmp_path / "share"


def program(folder: Path, name: str, what: str) -> None:
    """Put a program where it is found first."""
    (folder / "bin" / name).write_text(f"#!/bin/sh\n{what}\n")
    (folder / "bin" / name).chmod(0o755)


def ended(place: Path) -> "subprocess.CompletedProcess[str]":
    """Run it, to whatever end it comes."""
    folder = place.parent
    environment = {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "MOUNTS": str(folder / "mounts")}
    command = ["sh", "-c", let_go([str(place)])]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_a_mount_that_nobody_holds_goes(place: Path) -> None:
    program(place.parent, "systemctl", f'echo "$@" >{place.parent}/called')
    assert ended(place).returncode == 0
    assert (place.parent / "called").read_text() == "stop share.mount\n"


def test_one_in_use_stays_and_is_told_with_who_holds_it_though_nobody_looks_into_it(place: Path) -> None:
    program(place.parent, "systemctl", "exit 1")
    with subprocess.Popen(["sleep", "600"], cwd=place) as holder:
        done = ended(place)
        holder.kill()
    assert done.returncode == 1
    assert f"{place} is mounted otherwise than the site says, and in use" in done.stderr
    assert f"sleep ({holder.pid})" in done.stderr


def test_one_that_is_not_mounted_is_in_nobodys_way(place: Path) -> None:
    program(place.parent, "systemctl", "exit 1")
    (place.parent / "mounts").write_text(f"systemd-1 {place} autofs rw 0 0\n")
    assert ended(place).returncode == 0
