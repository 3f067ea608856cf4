"""A real Ceph for tests: Debian's packages under their own units, on one nspawn host of a lab of its own.

The packages are put into a base root in the cache once (half a minute); a host over it then has a file system
within some fifteen seconds.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from nightfleet.lab import machine, rootfs, ssh
from nightfleet.lab.command import CONFINED
from nightfleet.lab.down import down
from nightfleet.lab.events import silent
from nightfleet.lab.host import hosts
from nightfleet.lab.layout import Layout
from nightfleet.lab.mounts import without_others
from nightfleet.lab.spec import HostSpec, LabSpec
from nightfleet.lab.up import up
from tests.lab.cluster import wait_until

HOST = "ceph1"
PACKAGES = ("ceph-mon", "ceph-mgr", "ceph-osd", "ceph-mds", "python3-cephfs")
MASKED = "nvmf-autoconnect.service"  # comes with a dependency, and fails in a container
BEGIN = Path(__file__).with_name("ceph_up.sh")
FILESYSTEM = "cephfs"
PATIENCE = 120


@dataclass(frozen=True, slots=True)
class Ceph:
    """The server, on a lab and in a network of its own, driven as its administrator does."""

    name: str
    network: IPv4Network

    @property
    def address(self) -> str:
        return str(self.network[2])

    @property
    def lab(self) -> LabSpec:
        gateway = f"{self.network[1]}/{self.network.prefixlen}"
        return LabSpec(self.name, self.name, gateway, (HostSpec(HOST, self.address, ()),))

    @property
    def layout(self) -> Layout:
        return Layout(self.name)

    def run(self, command: str, seconds: float = 60) -> tuple[int, str]:
        """Run a command on the server, to whatever end it comes."""
        return ssh.ask(self.layout, HOST, command, seconds)

    def ask(self, command: str, seconds: float = 60) -> str:
        code, answer = self.run(command, seconds)
        assert code == 0, f"{HOST}: '{command}' ended with {code}: {answer}"
        return answer

    @property
    def fsid(self) -> str:
        return self.ask("ceph fsid")

    def begin(self) -> None:
        """Make the cluster of a blank host, and wait until it serves."""
        settings = f"HOST={HOST} ADDRESS={self.address} NETWORK={self.network}\n"
        subprocess.run(
            ["ssh", "-F", str(self.layout.ssh_config), HOST, "sh -s"],
            input=(settings + BEGIN.read_text()).encode(),
            check=True,
            timeout=PATIENCE,
        )
        self.wait()

    def wait(self) -> None:
        """Wait for the metadata server, and until every placement group is clean.

        `ceph health` is content before the manager has seen any group.
        """
        wait_until(self._serves, "the file system to be served", PATIENCE, 0.3)

    def _serves(self) -> bool:
        code, answer = self.run("ceph mds stat && ceph pg stat --format json", 20)
        if code != 0 or "up:active" not in answer:
            return False
        summary: dict[str, Any] = json.loads(answer.partition("\n")[2])["pg_summary"]
        states = {one["name"] for one in summary["num_pg_by_state"]}
        return summary["num_pgs"] > 0 and states == {"active+clean"}

    def folder(self, path: str) -> None:
        """Make a folder in the file system, without a mount."""
        script = (
            "import cephfs; fs = cephfs.LibCephFS(conffile='/etc/ceph/ceph.conf', auth_id='admin');"
            f" fs.mount(); fs.mkdirs('{path}', 0o777); fs.chmod('{path}', 0o777); fs.unmount()"
        )
        self.ask(f'python3 -c "{script}"')

    def limit(self, path: str, size: int) -> None:
        """Give a folder a quota in bytes."""
        script = (
            "import cephfs; fs = cephfs.LibCephFS(conffile='/etc/ceph/ceph.conf', auth_id='admin');"
            f" fs.mount(); fs.setxattr('{path}', 'ceph.quota.max_bytes', b'{size}', 0); fs.unmount()"
        )
        self.ask(f'python3 -c "{script}"')

    def subvolume(self, name: str, client: str, to: Path) -> str:
        """Make a subvolume whose data has a namespace, and its client; return its path."""
        self.ask(f"ceph fs subvolume create {FILESYSTEM} {name} --namespace-isolated --mode 0777")
        self.ask(f"ceph fs subvolume authorize {FILESYSTEM} {name} {client}")
        to.touch(0o600)
        to.write_text(self.ask(f"ceph auth get client.{client}") + "\n")
        return self.ask(f"ceph fs subvolume getpath {FILESYSTEM} {name}")

    def authorize(self, client: str, path: str, access: str, to: Path) -> None:
        """Make a client with the scope of a path; write the operator's file of its key."""
        to.touch(0o600)
        to.write_text(self.ask(f"ceph fs authorize {FILESYSTEM} client.{client} {path} {access}") + "\n")

    def cut(self) -> None:
        """As if its power were cut."""
        hosts(self.lab)[HOST].kill()

    def start(self) -> None:
        hosts(self.lab)[HOST].start()
        self.wait()


def base_root() -> Path:
    """Return a base root that has Ceph's packages, made when it is not in the cache."""
    plain = rootfs.ensure(rootfs.recipe(machine.gather()), silent)
    with plain.with_name("ceph.lock").open("w") as lock:  # the vm tier runs beside the lab tier
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _with_ceph(plain)


def _with_ceph(plain: Path) -> Path:
    key = hashlib.sha256(" ".join((plain.name, *PACKAGES, MASKED)).encode()).hexdigest()[:8]
    path = plain.with_name(f"ceph-{plain.name}-{key}")
    if path.is_dir():
        return path
    draft = plain.with_name(f".building-ceph-{key}")
    shutil.rmtree(draft, ignore_errors=True)
    subprocess.run(["cp", "-a", "--reflink=auto", str(plain), str(draft)], check=True)
    shutil.copy("/etc/resolv.conf", draft / "etc/resolv.conf")
    install = (
        "apt-get -qq update && apt-get -qq -y --no-install-recommends install "
        f"{' '.join(PACKAGES)} && apt-get clean && systemctl mask {MASKED}"
    )
    subprocess.run(
        [*CONFINED, *without_others(draft), "chroot", str(draft), "sh", "-c", install],
        env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    draft.rename(path)
    return path


@contextmanager
def serving(name: str = "nft-ceph", network: str = "10.94.0.128/26") -> Iterator[Ceph]:
    """Serve a file system for as long as the block runs, and leave nothing of it."""
    ceph = Ceph(name, IPv4Network(network))
    down(name)  # what a killed session may have left
    root = base_root()
    link = ceph.layout.host(HOST).base
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(root)
    try:
        report = up(ceph.lab)
        assert not report.failed, report
        ceph.begin()
        yield ceph
    finally:
        down(name)
