"""Where a lab keeps its things: one state directory per lab, one cache for all. Pure paths."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

STATE = Path("/var/lib/nightfleet/lab")
MACHINE = STATE / ".machine"  # what is remembered of the machine for all labs together
LOCKS = Path("/run/nightfleet-lab")
CGROUPS = Path("/sys/fs/cgroup")


def cache_dir() -> Path:
    """The cache of base roots; it outlives labs."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nightfleet" / "lab"


@dataclass(frozen=True, slots=True)
class HostPaths:
    dir: Path

    @property
    def root(self) -> Path:
        return self.dir / "root"  # the mounted overlay

    @property
    def upper(self) -> Path:
        return self.dir / "upper"

    @property
    def work(self) -> Path:
        return self.dir / "work"

    @property
    def base(self) -> Path:
        return self.dir / "base"  # link to the base root below; it stays the same for the host's life

    @property
    def seeded(self) -> Path:
        return self.dir / "seeded"  # written last, when the root is ready to boot

    @property
    def init(self) -> Path:
        return self.dir / "init"

    @property
    def console(self) -> Path:
        return self.dir / "console.log"

    @property
    def keeper(self) -> Path:
        return self.dir / "keeper"

    @property
    def public_host_key(self) -> Path:
        return self.upper / "etc/ssh/ssh_host_ed25519_key.pub"

    def image(self, disk: str) -> Path:
        return self.dir / "disks" / f"{disk}.img"

    def mount(self, disk: str) -> Path:
        return self.dir / "mnt" / disk


@dataclass(frozen=True, slots=True)
class Layout:
    """Everything that belongs to the lab called `name`."""

    name: str

    @property
    def dir(self) -> Path:
        return STATE / self.name

    @property
    def spec(self) -> Path:
        return self.dir / "spec.json"

    @property
    def ssh_key(self) -> Path:
        return self.dir / "ssh" / "id_ed25519"

    @property
    def known_hosts(self) -> Path:
        return self.dir / "ssh" / "known_hosts"

    @property
    def ssh_config(self) -> Path:
        return self.dir / "ssh" / "config"

    @property
    def services(self) -> Path:
        return self.dir / "services"

    @property
    def lock(self) -> Path:
        return LOCKS / f"{self.name}.lock"

    def host(self, name: str) -> HostPaths:
        return HostPaths(self.dir / "hosts" / name)

    @property
    def mark(self) -> str:
        """How people recognise the lab's bridge and firewall rules."""
        return f"nightfleet lab {self.name}"

    @property
    def mac(self) -> str:
        """The bridge's address: ours at the very moment it is made, which an alias set afterwards is not."""
        digest = hashlib.sha256(self.mark.encode()).digest()
        return ":".join(f"{byte:02x}" for byte in (0x02, *digest[:5]))

    @property
    def table(self) -> str:
        return f"nightfleet-lab-{self.name}"

    @property
    def cgroup(self) -> str:
        return f"nightfleet-lab-{self.name}"

    def machine(self, host: str) -> str:
        """The name of a host among all containers of this machine."""
        return f"{self.name}-{host}"
