"""A dataset that is read for the second time: from the local cache, against a mount without one.

A host of the lab serves by NFS; the reader is a VM with Debian's kernel, behind a line that `tc` makes slow.
Both folders are mounted by nightfleet; the one is `cache: true`. Bytes are those that came down the line.
Without KVM the VM is emulated: its seconds say something about the line, and nothing about disks.
"""

import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.measure import say
from bench.report import Line, Result
from tests.lab.conftest import laid_out
from tests.vm import image
from tests.vm.mixed import NODE, PLANE, Mixed, into_lab, sent
from tests.vm.vm import TAP, Vm

MIB = 2**20
SIZE = 64 * MIB
RATE = "40mbit"  # of the line
# Two filesystems: exports of one share a superblock on the client, and the cache with it.
SHARES = f"""\
nfs:
  exports:
    cached: {{on: {PLANE}, path: /srv/nfs/cached}}
    plain: {{on: {PLANE}, path: /srv/plain/plain}}
  mounts:
    cached: {{export: cached, at: /mnt/cached, on: {NODE}, cache: true, idle: 0}}
    plain: {{export: plain, at: /mnt/plain, on: {NODE}, idle: 0}}
"""


def run() -> Result:
    """Read the same file twice, with and without a cache."""
    with reader() as mixed:
        read = {(name, epoch): epoch_of(mixed.vm, name) for name in ("cached", "plain") for epoch in (1, 2)}
    lines = []
    for epoch in (1, 2):
        (cached, bytes_cached), (plain, bytes_plain) = read["cached", epoch], read["plain", epoch]
        what = f"epoch {epoch} of {SIZE // MIB} MiB over {RATE}"
        ratio = f"{plain / cached:.1f} times faster" if epoch == 2 else f"{cached / plain:.2f}"
        lines.append(Line(f"{what}: time", f"{cached:.1f} s", f"without a cache {plain:.1f} s", ratio))
        against = f"without a cache {bytes_plain:,}"
        lines.append(Line(f"{what}: bytes over the network", f"{bytes_cached:,}", against, ""))
    return Result(
        "cache", "A dataset read for the second time: through the cache, and without one.", tuple(lines)
    )


@contextmanager
def reader() -> Iterator[Mixed]:
    """Return a server, and a VM that mounts from it behind a slow line; nothing of them is left."""
    with ExitStack() as at_the_end:
        folder = Path(at_the_end.enter_context(tempfile.TemporaryDirectory(prefix="nightfleet-bench-")))
        there = at_the_end.enter_context(laid_out("worker", folder / "state", Path(image.__file__).parent))
        there.nightfleet("lab", "up", "--hosts-only")
        vm = Vm(folder, image.ensure(say))
        vm.renew()
        at_the_end.callback(vm.unplug)
        vm.boot()
        into_lab(vm, there)
        mixed = Mixed(there, vm).under(folder / "shares", SHARES)
        for capability in ("nfs_server", "cachefilesd", "nfs_client"):
            mixed.cluster.converge("--only", capability)
        for folder_of in ("/srv/nfs/cached", "/srv/plain/plain"):
            path = f"{folder_of}/data"
            mixed.cluster.ask(PLANE, f"head -c {SIZE} /dev/urandom >{path} && chmod 644 {path}")
        slow = f"tc qdisc add dev {TAP} root tbf rate {RATE} burst 128kb latency 100ms"
        subprocess.run(slow.split(), check=True)
        yield mixed


def epoch_of(vm: Vm, name: str) -> tuple[float, int]:
    """Read a file as after a reboot; return the seconds, and the bytes that came down the line."""
    vm.ssh(f"systemctl stop mnt-{name}.mount; sync; echo 3 >/proc/sys/vm/drop_caches; ls /mnt/{name}/data")
    before, began = sent(), time.monotonic()
    vm.ssh(f"cat /mnt/{name}/data >/dev/null")
    took, moved = time.monotonic() - began, sent() - before
    time.sleep(5)  # the cache writes behind
    return took, moved
