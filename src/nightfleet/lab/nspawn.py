"""Hosts as containers of systemd-nspawn: real init, sshd, containerd, kubelet on the machine's own kernel."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from nightfleet.errors import NightfleetError
from nightfleet.lab import cgroups, mounts, process, seed
from nightfleet.lab.command import run
from nightfleet.lab.layout import Layout
from nightfleet.lab.machine import LabFacts
from nightfleet.lab.spec import DiskSpec, HostSpec, LabSpec
from nightfleet.lab.state import State, read_state

POWER_OFF = signal.SIGRTMIN + 4  # systemd(1): starts poweroff.target
REBOOT_STATUS = 133  # systemd-nspawn(1), --keep-unit: the host asks to be started again
STOP_SECONDS = 15
_KILL_SECONDS = 30  # a process that waits for a busy disk ends when the disk has answered
# The kernel takes its time to let the pods of a killed host go, and the host's own interface with them.
_NETWORK_THERE, _NETWORK_SECONDS = "Failed to add new veth", 60
_INIT = "/run/nightfleet-lab/init"  # seen in the host only; it becomes /sbin/init
# What containers in a container need beyond nspawn's default filter: keyrings, BPF, mounts, modules, perf;
# and what a file server in user space finds its files by (NFS-Ganesha).
_SYSTEM_CALLS = "add_key keyctl bpf @mount @module perf_event_open open_by_handle_at name_to_handle_at"


def command(lab: LabSpec, host: HostSpec, layout: Layout, *, modules: bool) -> list[str]:
    """The whole systemd-nspawn call. `modules`: the machine has /lib/modules to show to the host."""
    paths = layout.host(host.name)
    return [
        "env",
        "SYSTEMD_NSPAWN_API_VFS_WRITABLE=1",  # /proc/sys and /sys writable: kubelet sets sysctls
        "SYSTEMD_NSPAWN_USE_CGNS=1",  # the host sees its own group as the top of the tree
        "systemd-nspawn",
        "--quiet",
        "--settings=no",
        f"--directory={paths.root}",
        f"--machine={layout.machine(host.name)}",
        f"--hostname={host.name}",
        "--register=no",
        "--keep-unit",
        f"--network-bridge={lab.bridge}",
        "--capability=all",
        f"--system-call-filter={_SYSTEM_CALLS}",
        "--resolv-conf=off",
        "--timezone=off",
        "--link-journal=no",
        "--console=read-only",
        "--bind=/dev/kmsg",
        *(["--bind-ro=/lib/modules"] if modules else []),
        *(f"--bind={paths.mount(disk.name)}:{disk.mountpoint}" for disk in host.disks),
        f"--bind-ro={paths.init}:{_INIT}",
        "--kill-signal=SIGRTMIN+4",
        _INIT,
    ]


class NspawnHost:
    """One host, held up by its own keeper process, inside its own control group."""

    def __init__(self, lab: LabSpec, spec: HostSpec, facts: LabFacts) -> None:
        self.lab = lab
        self.spec = spec
        self.facts = facts
        self.layout = Layout(lab.name)
        self.paths = self.layout.host(spec.name)
        self.group = cgroups.group_name(lab.name, spec.name)

    def state(self) -> State:
        return read_state(self.paths.keeper)

    def keeper(self) -> process.Process | None:
        return process.read(self.paths.keeper / "pid")

    def leader(self) -> process.Process | None:
        return process.leader(self.paths.keeper)

    def boot_id(self) -> str | None:
        leader = self.leader()
        if leader is None:
            return None
        try:
            return Path(f"/proc/{leader.pid}/root/proc/sys/kernel/random/boot_id").read_text().strip()
        except OSError:
            return None

    def start(self) -> None:
        """Boot, unless it runs. A host that was killed a moment ago may still have its network."""
        end = time.monotonic() + _NETWORK_SECONDS
        while self.keeper() is None:
            self._launch()
            try:
                self._wait_for_leader()
            except NightfleetError as error:
                if _NETWORK_THERE not in error.what or time.monotonic() > end:
                    raise
                if keeper := self.keeper():
                    keeper.wait(1)

    def _launch(self) -> None:
        self._sweep()
        cgroups.make(self.facts.cgroups, self.group, self.spec.memory_gib)
        self.paths.keeper.mkdir(parents=True, exist_ok=True)
        keep = [sys.executable, "-m", "nightfleet.lab.keeper", str(self.paths.keeper)]
        launcher = cgroups.launcher(self.facts.cgroups, self.group, self.spec.memory_gib)
        alone = [
            *("unshare", "--mount", "--propagation=slave", "--"),
            *mounts.without_others(self.paths.dir),
        ]
        boot = command(self.lab, self.spec, self.layout, modules=self.facts.kernel_modules)
        self.paths.init.write_text(seed.init_script(self.lab, self.spec))
        self.paths.init.chmod(0o755)
        with self.paths.console.open("ab") as console:
            subprocess.Popen(
                [*keep, "--again-on", str(REBOOT_STATUS), "--", *launcher, *alone, *boot],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
                cwd="/",
            )

    def prepare(self, base: Path) -> None:
        """Root and disks, made and mounted where they are not."""
        mounts.overlay(self.paths, base)
        seed.ensure(self.spec, self.layout)
        for disk in self.spec.disks:
            self._own(mounts.disk(self.paths, disk), disk)

    def _own(self, point: Path, disk: DiskSpec) -> None:
        inside = self.paths.root / disk.mountpoint.removeprefix("/")
        inside.mkdir(parents=True, exist_ok=True)
        if not any(point.iterdir()):  # a new disk takes over who owns the directory that it covers
            owner = inside.stat()
            point.chmod(owner.st_mode & 0o7777)
            run(["chown", f"{owner.st_uid}:{owner.st_gid}", str(point)])

    def _wait_for_leader(self) -> None:
        end = time.monotonic() + 20
        while self.leader() is None:
            if (self.paths.keeper / "ended").exists() or time.monotonic() > end:
                raise NightfleetError(
                    f"it does not boot: {last_line(self.paths.console)}",
                    self.spec.name,
                    f"see {self.paths.console}",
                )
            time.sleep(0.05)

    def stop(self) -> None:
        keeper = self.keeper()
        for _ in range(STOP_SECONDS if keeper else 0):
            if leader := self.leader():  # again each second: an init that has only just begun does not listen
                leader.send(POWER_OFF)
            if keeper and keeper.wait(1):
                break
        self.kill()

    def kill(self) -> None:
        if keeper := self.keeper():
            keeper.send(signal.SIGKILL)
        kill_groups([self.group], self.spec.name)

    def _sweep(self) -> None:
        """What a host that was killed left behind, before it starts again: no boot knows the one before."""
        kill_groups([self.group], self.spec.name)
        cgroups.remove(self.facts.cgroups, self.group)  # kubelet takes groups that it finds for its own
        for said in ("program", "ended"):  # by a keeper that is no more
            (self.paths.keeper / said).unlink(missing_ok=True)
        if self.paths.console.exists():
            self.paths.console.replace(self.paths.console.with_suffix(".previous"))


def kill_groups(groups: Sequence[str], where: str) -> None:
    """End every process of these groups, however many it forks meanwhile."""
    end = time.monotonic() + _KILL_SECONDS
    while left := cgroups.processes(groups):
        if time.monotonic() > end:
            raise NightfleetError(
                f"killed processes do not end: {', '.join(f'{one.pid} ({one.command})' for one in left)}",
                where,
                "see what they wait for: ps -o pid,stat,wchan,args; then run this again",
            )
        for one in left:
            one.send(signal.SIGKILL)
        time.sleep(0.05)


def last_line(log: Path) -> str:
    """The last that a host said, without the colours of its boot messages."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", log.read_text(errors="replace")) if log.exists() else ""
    return text.strip().rpartition("\n")[2].strip() or "it said nothing"
