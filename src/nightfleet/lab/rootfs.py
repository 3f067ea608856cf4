"""The base root: what a minimal Debian or Ubuntu server has, below the overlays of all hosts.

Made once by debootstrap, in the cache under the hash of its recipe; renamed to it when it is whole.
"""

import contextlib
import fcntl
import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from nightfleet.errors import NightfleetError
from nightfleet.lab import sources
from nightfleet.lab.command import CONFINED, run
from nightfleet.lab.events import Event, OnEvent
from nightfleet.lab.layout import cache_dir
from nightfleet.lab.machine import LabFacts
from nightfleet.lab.mounts import without_others

PACKAGES = (
    *("systemd", "systemd-sysv", "dbus", "kmod", "procps", "iproute2", "iputils-ping"),
    *("openssh-server", "sudo", "python3-minimal", "ca-certificates", "curl", "gpgv"),
)
# A host has no console to log in at, and must not handle the devices of the machine, whose /sys it can write.
MASKED = (
    *("console-getty.service", "systemd-udevd.service", "systemd-udevd-control.socket"),
    *("systemd-udevd-kernel.socket", "systemd-udev-trigger.service", "systemd-networkd-wait-online.service"),
    *("apt-daily.timer", "apt-daily-upgrade.timer"),  # a lab's apt runs when a deploy asks for it
)
_OWN_CERTIFICATES = Path("/usr/local/share/ca-certificates")
_CREDENTIALS = Path("/etc/apt/auth.conf.d")
_LAYOUT_VERSION = 1


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that decides what the base root holds."""

    distribution: str
    codename: str
    mirror: str
    keyring: str
    sources: str  # /etc/apt/sources.list.d/*.sources of the hosts
    access: str  # /etc/apt/apt.conf.d of the hosts
    files: tuple[
        tuple[str, str], ...
    ]  # further files of this machine, by path: certificates, keys, credentials
    packages: tuple[str, ...] = PACKAGES
    masked: tuple[str, ...] = MASKED
    version: int = _LAYOUT_VERSION

    @property
    def key(self) -> str:
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:12]

    @property
    def path(self) -> Path:
        return cache_dir() / f"base-{self.codename}-{self.key}"


def recipe(facts: LabFacts) -> Recipe:
    """What to build on this machine, from its own apt configuration."""
    apt = Path("/etc/apt")
    files = [apt / "sources.list", *apt.glob("sources.list.d/*.list"), *apt.glob("sources.list.d/*.sources")]
    texts = {file.name: _with_mirrors(file.read_text()) for file in files if file.is_file()}
    archive = sources.archive(sources.parse(texts), facts.distribution, facts.codename)
    keys = {source.signed_by for source in archive.sources if source.signed_by.startswith("/etc/")}
    extra = [
        *map(Path, sorted(keys)),
        *sorted(_OWN_CERTIFICATES.rglob("*.crt")),
        *sorted(_CREDENTIALS.glob("*.conf")),
    ]
    return Recipe(
        distribution=facts.distribution,
        codename=facts.codename,
        mirror=archive.mirror,
        keyring=archive.keyring,
        sources=sources.render(archive.sources),
        access=sources.access(run(["apt-config", "dump"])),
        files=tuple((str(path), path.read_text(errors="surrogateescape")) for path in extra),
    )


def _with_mirrors(text: str) -> str:
    """Cloud images name a file of mirrors in place of a mirror; the first of them will do."""
    for word in text.split():
        if word.startswith("mirror+file:"):
            lines = Path(word.removeprefix("mirror+file:")).read_text().splitlines()
            text = text.replace(word, next(line.split()[0] for line in lines if line.strip()))
    return text


def ensure(wanted: Recipe, on_event: OnEvent) -> Path:
    """The path of the base root, built if it is not in the cache."""
    wanted.path.parent.mkdir(parents=True, exist_ok=True)
    with _one_builder():
        if not wanted.path.is_dir():
            _remove_halves()
            _build(wanted, on_event)
    return wanted.path


@contextlib.contextmanager
def _one_builder() -> Iterator[None]:
    with (cache_dir() / "base.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _remove_halves() -> None:
    """What an interrupted build left; its mounts ended with its own mount namespace."""
    for half in cache_dir().glob(".building-*"):
        shutil.rmtree(half)


def _build(wanted: Recipe, on_event: OnEvent) -> None:
    begun = f"{wanted.distribution} {wanted.codename} from {wanted.mirror}"
    on_event(Event("build base root", "begin", detail=begun))
    root = wanted.path.with_name(f".building-{wanted.key}")
    _debootstrap(wanted, root, on_event)
    _configure(wanted, root)
    root.rename(wanted.path)
    on_event(Event("build base root", "done", detail=str(wanted.path)))


def debootstrap_command(wanted: Recipe, root: Path) -> list[str]:
    return [
        "debootstrap",
        "--variant=minbase",
        f"--include={','.join(wanted.packages)}",
        f"--keyring={wanted.keyring}",
        wanted.codename,
        str(root),
        wanted.mirror,
    ]


def _debootstrap(wanted: Recipe, root: Path, on_event: OnEvent) -> None:
    argv = [*CONFINED, *without_others(root), *debootstrap_command(wanted, root)]
    last = ""
    with subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as building:
        for line in building.stdout or ():
            last = line.strip() or last
            on_event(Event("build base root", "progress", detail=last.removeprefix("I: ")))
    if building.returncode != 0:
        raise NightfleetError(
            f"debootstrap of {wanted.codename} from {wanted.mirror} ended with {building.returncode}: {last}",
            where="base root",
            hint="see whether apt-get update works on this machine; the mirror comes from the same sources",
        )


def _configure(wanted: Recipe, root: Path) -> None:
    (root / "etc/apt/sources.list").unlink(missing_ok=True)
    _write(root, f"/etc/apt/sources.list.d/{wanted.distribution}.sources", wanted.sources)
    if wanted.access:
        _write(root, "/etc/apt/apt.conf.d/80nightfleet-lab-access", wanted.access)
    for path, text in wanted.files:
        _write(root, path, text, 0o600 if path.startswith(str(_CREDENTIALS)) else 0o644)
    run(["chroot", str(root), "update-ca-certificates"])
    for unit in wanted.masked:
        link = root / "etc/systemd/system" / unit
        link.unlink(missing_ok=True)
        link.symlink_to("/dev/null")
    for key in (root / "etc/ssh").glob("ssh_host_*"):  # each host gets its own
        key.unlink()
    for deb in (root / "var/cache/apt/archives").glob("*.deb"):
        deb.unlink()
    (root / "etc/machine-id").write_text("")


def _write(root: Path, path: str, text: str, mode: int = 0o644) -> None:
    file = root / path.removeprefix("/")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, errors="surrogateescape")
    file.chmod(mode)
