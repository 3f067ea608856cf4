"""What a machine is, before anything is done to it."""

from collections.abc import Iterable
from dataclasses import dataclass

CAP_SYS_RESOURCE = 24  # bit number, capability.h
RECORD = "/var/lib/nightfleet/fingerprint.txt"  # the machine as it was before us (remember.py)
# Any of these: something of ours has been done here.
TOUCHED = (
    "/opt/nightfleet",
    "/etc/nightfleet",
    "/etc/kubernetes/nightfleet",
    "/etc/sysusers.d/nightfleet.conf",
    "/etc/sysctl.d/90-nightfleet.conf",
    "/etc/systemd/system/chrony.service.d/nightfleet.conf",
)


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine, as it described itself."""

    os: str  # debian, ubuntu ...
    release: str
    arch: str  # amd64, arm64
    kernel: str
    hostname: str
    clock: float  # seconds since the epoch, by the machine's own clock
    cgroup_v2: bool
    capabilities: int
    memory_kib: int
    systemd: bool
    free: dict[str, int]  # bytes, by directory
    swaps: tuple[str, ...]  # active swap devices and files
    runtime: str = ""  # containerd of a distribution's or Docker's package
    remembered: bool = False  # it has a record of what it was
    touched: bool = False  # something of ours is here

    @property
    def may_raise_limits(self) -> bool:
        """Whether root here has CAP_SYS_RESOURCE (some containers do not)."""
        return bool(self.capabilities >> CAP_SYS_RESOURCE & 1)


def parse_machine(output: Iterable[str]) -> Machine:
    """Read the key=value lines of `MachineFact`. ValueError or KeyError when one is missing."""
    pairs = [line.partition("=")[::2] for line in output if "=" in line]
    values = dict(pairs)
    free = {}
    for key, value in pairs:
        if key == "free":
            path, blocks, size = value.split()
            free[path] = int(blocks) * int(size)
    return Machine(
        os=values["os"],
        release=values["release"],
        arch=values["arch"],
        kernel=values["kernel"],
        hostname=values["hostname"],
        clock=float(values["clock"]),
        cgroup_v2=values["cgroup"] == "cgroup2fs",
        capabilities=int(values["capabilities"], 16),
        memory_kib=int(values["memory_kib"]),
        systemd=values["systemd"] == "systemd",
        free=free,
        runtime=values.get("runtime", ""),
        remembered="remembered" in values,
        touched="touched" in values,
        swaps=tuple(value.split()[0] for key, value in pairs if key == "swap"),
    )
