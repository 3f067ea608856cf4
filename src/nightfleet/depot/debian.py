"""Debian packages: which ones the build machine lacks, and their programs as content of an image."""

import io
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from nightfleet.depot.pack import Entry
from nightfleet.errors import NightfleetError

# Without it nft lists `6` where kube-proxy wrote `tcp`: a kube-proxy that restarts then takes the entries of
# the one before for foreign and deletes them; no service answers until its next full sync, an hour later.
NEEDED = "etc/protocols"
TOP = ("bin", "sbin", "lib", "lib64")  # links into usr/, as on every merged-usr system


def missing_packages(names: Iterable[str]) -> tuple[str, ...]:
    """Return those that are not installed; on a system without dpkg nothing can be said, so none."""
    wanted = sorted(set(names))
    if not wanted or not shutil.which("dpkg-query"):
        return ()
    query = ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\\n", *wanted]
    lines = subprocess.run(query, capture_output=True, text=True, check=False).stdout.splitlines()
    installed = {line.split()[0] for line in lines if line.endswith(" installed")}
    return tuple(name for name in wanted if name not in installed)


def install_command(names: Sequence[str]) -> list[str]:
    """Return the command that installs packages, waiting for another apt to end."""
    return [
        "apt-get",
        "-o",
        "DPkg::Lock::Timeout=300",
        "install",
        "-y",
        "--no-install-recommends",
        *names,
    ]


def install_packages(names: Sequence[str]) -> None:
    """Install packages on this machine; needs root."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update"], install_command(names)):
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        if done.returncode:
            raise NightfleetError(_last(done.stderr), where=" ".join(command), hint="run it by hand as root")


def package_entries(names: Sequence[str], directory: Path) -> list[Entry]:
    """Return programs and libraries of packages and of all they depend on, whatever is installed here."""
    if not shutil.which("apt-get"):
        raise NightfleetError(
            f"apt-get is not here, and {', '.join(names)} come from its packages",
            hint="fetch from a depot that a Debian or Ubuntu machine serves: --depot URL",
        )
    entries = [Entry(top, link=f"usr/{top}") for top in TOP]
    for archive in _download(names, directory):
        entries.extend(_programs(archive))
    return [*entries, *(Entry(f"usr/{top}") for top in TOP)]


def _download(names: Sequence[str], directory: Path) -> list[Path]:
    (directory / "partial").mkdir(parents=True, exist_ok=True)
    nothing_installed = directory / "status"
    nothing_installed.touch()
    options = {
        "Dir::State::status": nothing_installed,
        "Dir::Cache::archives": directory,
        "Debug::NoLocking": "1",
        "APT::Sandbox::User": "root",
    }
    command = ["apt-get", *(part for key, value in options.items() for part in ("-o", f"{key}={value}"))]
    command += ["-qq", "-y", "--no-install-recommends", "--download-only", "install", *names]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NightfleetError(
            f"packages of an image cannot be had: {_last(done.stderr)}",
            where=", ".join(names),
            hint="apt-get update",
        )
    return sorted(directory.glob("*.deb"))


def _programs(archive: Path) -> Iterator[Entry]:
    done = subprocess.run(["dpkg-deb", "--fsys-tarfile", str(archive)], capture_output=True, check=True)
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as content:
        for member in content:
            path = usr_path(member.name)
            if path is None or member.isdir():
                continue
            if member.issym():
                yield Entry(path, link=member.linkname)
            elif (stream := content.extractfile(member)) is not None:
                yield Entry(path, stream.read(), mode=0o755 if member.mode & 0o111 else 0o644)


def usr_path(name: str) -> str | None:
    """Return where a package's file goes in an image, None for what no program reads at run time."""
    path = PurePosixPath(name)
    if str(path) == NEEDED:
        return NEEDED
    parts = path.parts[1:] if path.parts[:1] == ("usr",) else path.parts
    if len(parts) < 2 or parts[0] not in TOP or {"gconv", "audit", "locale"} & set(parts):
        return None
    return str(PurePosixPath("usr", *parts))


def _last(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "it ended without a word"
