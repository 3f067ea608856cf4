"""The disk that VMs boot from: the distribution's own kernel and systemd, made once, kept in the cache.

It holds the public half of a key that lies beside it in the cache, readable by root only; the machine listens
on this machine's loopback address alone.
"""

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from deploys.base.plan import PACKAGES as OF_BASE
from deploys.kubernetes.plan import PACKAGES as OF_KUBERNETES
from nightfleet.lab import machine, packages, rootfs
from nightfleet.lab.command import run
from nightfleet.lab.events import Event
from nightfleet.lab.layout import cache_dir

NEEDED = (*packages.NEEDED, "qemu-system-x86", "qemu-utils")
PACKAGES = (
    *("linux-image-cloud-amd64", "initramfs-tools", "udev", "xfsprogs", "e2fsprogs", "fdisk", "lvm2"),
    *("quota", "psmisc"),
    *("nfs-kernel-server", "nfs-common", "cachefilesd"),
    *(*OF_BASE, *OF_KUBERNETES),  # as a pre-installed image has them: apt takes minutes without KVM
)
SIZE = "8G"
MAC, LAB_MAC = "52:54:00:6e:66:00", "52:54:00:6e:66:01"  # its line to us, and the one into a lab
NETWORK = (
    f"[Match]\nMACAddress={MAC}\n[Network]\nAddress=10.0.2.15/24\nGateway=10.0.2.2\n"  # QEMU's user network
)
MASKED = ("systemd-networkd-wait-online.service", "apt-daily.timer", "apt-daily-upgrade.timer")
FILES = {
    "etc/hostname": "vm-1\n",
    "etc/hosts": "127.0.0.1 localhost\n127.0.1.1 vm-1\n",
    "etc/fstab": "LABEL=root / ext4 defaults 0 1\n",
    "etc/systemd/network/10-user.network": NETWORK,
}


@dataclass(frozen=True, slots=True)
class Image:
    """What a machine is started from."""

    folder: Path

    @property
    def disk(self) -> Path:
        return self.folder / "root.raw"

    @property
    def key(self) -> Path:
        return self.folder / "key"

    @property
    def host_key(self) -> str:
        return (self.folder / "host_key").read_text()

    @property
    def kernel(self) -> tuple[Path, Path]:
        """Return the kernel and the first file system."""
        return self.folder / "vmlinuz", self.folder / "initrd"


def ensure(say: Callable[[str], None]) -> Image:
    """Return the image; what this machine lacks is installed, and the image made, where they are not."""
    if lacking := packages.missing(machine.gather(), NEEDED):
        say(f"installing {' '.join(lacking)}")
        packages.install_packages(lacking)
    recipe = replace(rootfs.recipe(machine.gather()), packages=(*rootfs.PACKAGES, *PACKAGES), masked=MASKED)
    made_by = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:8]
    there = Image(cache_dir().with_name("vm") / f"{recipe.codename}-{recipe.key}-{made_by}")
    if not there.folder.is_dir():
        say(f"making {there.disk} (once, about three minutes)")
        half = there.folder.with_name(f".building-{there.folder.name}")
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir(mode=0o700, parents=True)
        _make(rootfs.ensure(recipe, lambda event: _told(event, say)), Image(half))
        half.rename(there.folder)
    return there


def _told(event: Event, say: Callable[[str], None]) -> None:
    if event.phase != "progress":
        say(f"{event.step}: {event.detail}")


def _make(source: Path, image: Image) -> None:
    """Copy the base root, give it keys and a network, and put it on a disk without mounting one."""
    root = image.folder / "root"
    run(["cp", "-a", "--reflink=auto", str(source), str(root)])
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(image.key)])
    authorized = {"root/.ssh/authorized_keys": image.key.with_suffix(".pub").read_text()}
    for name, text in {**FILES, **authorized}.items():
        (root / name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        (root / name).write_text(text)
    run(["chroot", str(root), "systemctl", "enable", "systemd-networkd.service", "ssh.service"])
    run(["chroot", str(root), "ssh-keygen", "-A"])
    host_key = (root / "etc/ssh/ssh_host_ed25519_key.pub").read_text().split()[:2]
    (image.folder / "host_key").write_text(" ".join(host_key))
    for pattern, path in zip(("boot/vmlinuz-*", "boot/initrd.img-*"), image.kernel, strict=True):
        (found,) = root.glob(pattern)
        shutil.copy(found, path)
    image.disk.touch()
    run(["mkfs.ext4", "-q", "-F", "-L", "root", "-d", str(root), str(image.disk), SIZE])
    shutil.rmtree(root)
