"""Which tiers there are, what is real in each, and whether this machine can run them."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

MINUTE = 60


@dataclass(frozen=True, slots=True)
class Tier:
    """One row of the summary; `folders` are searched by pytest."""

    name: str
    real: str
    folders: tuple[str, ...]
    limit: int  # seconds after which something hangs for sure
    needs: Callable[[], str] = str  # why it cannot run here; "" when it can
    root: bool = False
    options: tuple[str, ...] = ()
    # A file that failed runs once more, on blank hosts: on a busy machine there are accidents of timing.
    # Both are told of; what fails twice has failed (docs/decisions/0013).
    once_more: bool = False
    beside: bool = False  # it begins first, and runs beside the others (docs/decisions/0016)

    def paths(self, root: Path) -> list[str]:
        """Return the folders that exist and hold at least one test."""
        return [folder for folder in self.folders if _has_tests(root / folder)]


def existing(root: Path) -> list[Tier]:
    """Return the tiers that have tests in this clone."""
    return [tier for tier in TIERS if tier.paths(root)]


def without_root() -> str:
    """Say why nothing can be done as root here; "" when it can. Asks for sudo's password on a terminal."""
    if os.geteuid() == 0:
        return ""
    if shutil.which("sudo") is None:
        return "needs root, and there is no sudo"
    ask = ["sudo", "-v"] if os.isatty(0) else ["sudo", "-n", "true"]
    allowed = subprocess.run(ask, check=False, stderr=None if os.isatty(0) else subprocess.DEVNULL)
    return "" if allowed.returncode == 0 else "needs root: run `sudo make test`"


def without_hosts() -> str:
    """Say why no systemd-nspawn host can be booted here; "" when one can."""
    reason = without_root()
    if reason:
        return reason
    become = [] if os.geteuid() == 0 else ["sudo", "-n"]
    mount = subprocess.run([*become, "unshare", "--mount", "true"], check=False, capture_output=True)
    if mount.returncode != 0:
        return "needs to mount file systems: this looks like a container without that right"
    if shutil.which("systemd-nspawn") is None and shutil.which("apt-get") is None:
        return "needs systemd-nspawn (Debian package systemd-container)"
    return ""


def without_gpu() -> str:
    """Say that no NVIDIA GPU is here; "" when one is."""
    return "" if Path("/dev/nvidiactl").exists() else "needs an NVIDIA GPU"


def without_qemu() -> str:
    """Say why no VM can be started here; "" when one can. The tier installs QEMU itself."""
    if shutil.which("qemu-system-x86_64") is None and shutil.which("apt-get") is None:
        return "needs QEMU (Debian package qemu-system-x86)"
    return without_hosts()


def without_openstack() -> str:
    """Say why no OpenStack services can be started here; "" when they can."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "openstack-box"
    folder = Path(os.environ.get("NIGHTFLEET_OSBOX") or beside)
    if not (folder / "osbox.sh").is_file():
        return "needs ../shared/openstack-box, or NIGHTFLEET_OSBOX"
    if not list(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        return "needs PostgreSQL (Debian package postgresql)"
    return ""


# Molecule keeps its testinfra files under roles/; they need a host and run in the lab tier.
PLAIN = ("--ignore-glob=*/molecule/*",)
# Where a test takes minutes, its name is the progress.
NAMED = ("-vv",)  # pytest's settings say -q

TIERS = (
    Tier("unit", "Python only", ("src", "deploys", "roles", "tests/runner"), 15 * MINUTE, options=PLAIN),
    Tier("check", "ruff, mypy, import-linter, shellcheck, yamllint", ("tests/check",), 15 * MINUTE),
    Tier("fleet", "pyinfra with @fake hosts", ("tests/fleet",), 30 * MINUTE),
    Tier(
        "lab",
        "nspawn hosts, sshd, systemd, apt, containerd, kubeadm, etcd",
        ("tests/lab",),
        80 * MINUTE,
        needs=without_hosts,
        root=True,
        options=NAMED,
        once_more=True,
    ),
    Tier(
        "vm",
        "a Debian kernel under QEMU",
        ("tests/vm",),
        60 * MINUTE,
        needs=without_qemu,
        root=True,
        options=NAMED,
        once_more=True,
        beside=True,
    ),
    Tier("api", "etcd and kube-apiserver", ("tests/api",), 30 * MINUTE),
    Tier(
        "cloud",
        "Keystone, Nova, Neutron, Cinder, Manila, Octavia, Heat, Blazar; no guests",
        ("tests/cloud",),
        30 * MINUTE,
        needs=without_openstack,
        options=NAMED,
        once_more=True,
        beside=True,
    ),
    Tier("metrics", "prometheus and promtool", ("tests/metrics",), 15 * MINUTE),
    Tier("gpu", "one NVIDIA GPU", ("tests/gpu",), 30 * MINUTE, needs=without_gpu),
)


def _has_tests(folder: Path) -> bool:
    found: Iterable[Path] = folder.rglob("test_*.py") if folder.is_dir() else ()
    return any("molecule" not in path.parts for path in found)
