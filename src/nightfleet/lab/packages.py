"""The Debian packages that a lab needs on this machine, and how they get there."""

import os
import subprocess
from collections.abc import Sequence

from nightfleet.errors import NightfleetError
from nightfleet.lab.events import Event, OnEvent, silent
from nightfleet.lab.machine import LabFacts

NEEDED = (
    *("debootstrap", "systemd-container", "iproute2", "iptables", "nftables", "xfsprogs", "e2fsprogs"),
    *("fdisk", "openssh-client", "kmod", "util-linux", "ca-certificates"),  # hosts: root, disks, network, ssh
    *(
        "skopeo",
        "gcc",
        "libc6-dev",
        "libseccomp-dev",
        "pkg-config",
        "git",
    ),  # artifacts built here, images pushed
)
_LOCK_WAIT_S = 600


def missing(facts: LabFacts, needed: Sequence[str] = NEEDED) -> tuple[str, ...]:
    return tuple(package for package in needed if package not in facts.packages)


def install_packages(packages: Sequence[str], on_event: OnEvent = silent) -> None:
    """Install by apt-get, without questions, waiting for a package manager that is at work already."""
    on_event(Event("install packages", "begin", detail=" ".join(packages)))
    _apt_get("update")
    _apt_get("install", "--yes", "--no-install-recommends", *packages)
    on_event(Event("install packages", "done", detail=" ".join(packages)))


def _apt_get(*arguments: str) -> None:
    argv = ["apt-get", "-qq", f"--option=DPkg::Lock::Timeout={_LOCK_WAIT_S}", *arguments]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "NEEDRESTART_SUSPEND": "1"}
    done = subprocess.run(
        argv, env=environment, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL
    )
    if done.returncode != 0:
        faults = [line for line in done.stderr.splitlines() if line.startswith(("E:", "W:"))][-3:]
        raise NightfleetError(
            f"'apt-get {' '.join(arguments)}' ended with {done.returncode}: {' / '.join(faults)}",
            where="this machine",
            hint="run the same command by hand, put right what it says, then run this again",
        )
