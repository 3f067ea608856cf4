"""The disk that VMs boot from: the distribution's own kernel and systemd, made once, kept in the cache."""

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

from nightfleet.lab import machine, rootfs
from nightfleet.lab.command import run

PACKAGES = (
    *("linux-image-cloud-amd64", "initramfs-tools", "udev", "xfsprogs", "e2fsprogs", "fdisk", "lvm2"),
    *("quota", "psmisc"),
    *("nfs-kernel-server", "nfs-common", "cachefilesd"),
)
SIZE = "8G"
NETWORK = "[Match]\nName=en* eth*\n[Network]\nAddress=10.0.2.15/24\nGateway=10.0.2.2\n"  # QEMU's user network
MASKED = ("systemd-networkd-wait-online.service", "apt-daily.timer", "apt-daily-upgrade.timer")


def base() -> Path:
    """Return the root that images are made of, built if the cache has none."""
    recipe = rootfs.recipe(machine.gather())
    return rootfs.ensure(
        replace(recipe, packages=(*rootfs.PACKAGES, *PACKAGES), masked=MASKED), lambda _: None
    )


def make(folder: Path) -> Path:
    """Make new.raw in `folder`, with a key to log in by and the known host key; return the base root."""
    source, root = base(), folder / "root"
    run(["cp", "-a", "--reflink=auto", str(source), str(root)])
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / "key")])
    for path, text in {
        "etc/hostname": "vm-1\n",
        "etc/hosts": "127.0.0.1 localhost\n127.0.1.1 vm-1\n",
        "etc/fstab": "LABEL=root / ext4 defaults 0 1\n",
        "etc/systemd/network/10-user.network": NETWORK,
        "root/.ssh/authorized_keys": (folder / "key.pub").read_text(),
    }.items():
        (root / path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        (root / path).write_text(text)
    run(["chroot", str(root), "systemctl", "enable", "systemd-networkd.service", "ssh.service"])
    run(["chroot", str(root), "ssh-keygen", "-A"])
    host_key = (root / "etc/ssh/ssh_host_ed25519_key.pub").read_text().split()[:2]
    (folder / "host_key").write_text(" ".join(host_key))
    disk = folder / "new.raw"
    with disk.open("wb") as file:
        file.truncate(0)
    subprocess.run(
        ["mkfs.ext4", "-q", "-F", "-L", "root", "-d", root, disk, SIZE], check=True, capture_output=True
    )
    shutil.rmtree(root)
    return source


def kernel(source: Path) -> tuple[Path, Path]:
    """Return the kernel and the first file system of a base root."""
    (image,) = source.glob("boot/vmlinuz-*")
    (first,) = source.glob("boot/initrd.img-*")
    return image, first
