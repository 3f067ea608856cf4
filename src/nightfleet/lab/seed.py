"""What a host is given before its first boot: name, address, resolver, ssh keys."""

import uuid
from pathlib import Path

from nightfleet.lab.command import run
from nightfleet.lab.layout import Layout
from nightfleet.lab.process import replace
from nightfleet.lab.spec import HostSpec, LabSpec


def init_script(spec: LabSpec, host: HostSpec) -> str:
    """What runs as the host's process 1 and becomes its init: all is in place before the first unit starts.

    Units for the same were tried: while one remounted the control groups, another could not enter its own
    (status 219). systemd-networkd would wait for udev for ever, because a lab host can write /sys.
    """
    return f"""\
#!/bin/sh
set -eu
mount --make-rshared /
if [ ! -e /sys/fs/cgroup/cgroup.controllers ]; then
    # systemd-nspawn mounts cgroup v1 controllers read-only; kubelet and containerd make groups of their own
    mount -o remount,rw /sys/fs/cgroup
    for hierarchy in /sys/fs/cgroup/*; do
        if [ ! -L "$hierarchy" ] && mountpoint -q "$hierarchy"; then
            mount -o remount,bind,rw,nosuid,nodev,noexec "$hierarchy"
        fi
    done
fi
# for file systems of programs (ceph-fuse), and for mounts that wait until somebody looks (systemd.automount)
[ -e /dev/fuse ] || mknod -m 666 /dev/fuse c 10 229 || true
[ -e /dev/autofs ] || mknod -m 600 /dev/autofs c 10 235 || true
ip link set dev lo up
ip link set dev host0 up
ip address replace {host.address}/{spec.subnet.prefixlen} dev host0
ip route replace default via {spec.gateway_address}
exec /sbin/init
"""


def resolver() -> str:
    """The machine's name servers; those behind the stub, where one listens on the machine's loopback."""
    text = Path("/etc/resolv.conf").read_text()
    behind = Path("/run/systemd/resolve/resolv.conf")
    stub = any(
        line.split()[:1] == ["nameserver"] and line.split()[1].startswith("127.")
        for line in text.splitlines()
    )
    return behind.read_text() if stub and behind.is_file() else text


def files(host: HostSpec, operator_key: str, resolv_conf: str) -> dict[str, tuple[str, int]]:
    """Path in the host -> text and mode."""
    return {
        "etc/hostname": (f"{host.name}\n", 0o644),
        "etc/hosts": (f"127.0.0.1 localhost\n::1 localhost\n{host.address} {host.name}\n", 0o644),
        "etc/resolv.conf": (resolv_conf, 0o644),
        "etc/machine-id": (f"{uuid.uuid4().hex}\n", 0o444),
        "root/.ssh/authorized_keys": (operator_key, 0o600),
    }


def ensure(host: HostSpec, layout: Layout) -> None:
    """Seed a host that was not yet seeded; later the files belong to whoever manages the host."""
    paths = layout.host(host.name)
    if paths.seeded.exists():
        return
    operator_key = layout.ssh_key.with_suffix(".pub").read_text()
    for path, (text, mode) in files(host, operator_key, resolver()).items():
        file = paths.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)  # it may be a link of the base root
        file.write_text(text)
        file.chmod(mode)
    (paths.root / "root/.ssh").chmod(0o700)
    key = paths.root / "etc/ssh/ssh_host_ed25519_key"
    key.unlink(missing_ok=True)
    key.with_suffix(".pub").unlink(missing_ok=True)
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", host.name, "-f", str(key)])
    replace(paths.seeded, "")
