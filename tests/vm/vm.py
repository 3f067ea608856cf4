"""One VM under QEMU, driven as an operator drives a machine: by commands over ssh, and by its plug."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.vm.image import LAB_MAC, MAC, Image
from tests.vm.monitor import Monitor

HOME = Path(__file__).parents[2]
NIGHTFLEET = Path(sys.executable).with_name("nightfleet")
TAP = "nfvm0"  # its line into a lab, on this machine's side
PATIENCE = 900  # seconds: without KVM everything takes ten times as long
# nobody attacks it, and mitigations cost an emulated CPU much
APPEND = "root=LABEL=root rw console=ttyS0 quiet systemd.show_status=no mitigations=off"
SITE = """\
site: nft-vm
nodes:
  vm-1: {{address: 127.0.0.1, roles: [control_plane, worker], class: vm}}
classes:
  vm: {{kind: vm, swap: keep}}
connection: {{user: root, port: {port}, key: {key}, known_hosts: {folder}/known_hosts}}
network: {{nodes: 127.0.0.0/24, pods: 10.97.0.0/16, services: 10.98.0.0/16, cni: routed}}
disks:
  vm:
{layout}
"""


@dataclass(slots=True)
class Vm:
    """A machine with its disks as files in `folder`; `disks` are serial -> file, of the size that it has."""

    folder: Path
    image: Image
    disks: dict[str, Path] = field(default_factory=dict)
    port: int = 0
    process: "subprocess.Popen[bytes] | None" = None

    # Its plug

    def disk(self, serial: str, gib: int) -> Path:
        """Plug in a new empty disk; the machine must be off."""
        path = self.disks.setdefault(serial, self.folder / f"{serial}.raw")
        with path.open("wb") as file:
            file.truncate(gib << 30)
        return path

    def renew(self) -> None:
        """Put the root disk back to what it was when it was new; the machine must be off."""
        overlay(self.image.disk, "raw", self.folder / "root.qcow2")

    def freeze(self) -> None:
        """Stop it, and keep its memory and its disks as they are now."""
        self.ssh("sync")
        self._close_ssh()
        with Monitor(self.folder / "monitor") as monitor:
            monitor.keep_memory(self.folder / "memory")
        self._ended()
        for path in (self.folder / "root.qcow2", *self.disks.values()):
            path.rename(path.with_suffix(".frozen"))

    def thaw(self) -> None:
        """Go on from where it was frozen, on copies of the disks; what it did since is forgotten."""
        self.cut()
        overlay(self.folder / "root.frozen", "qcow2", self.folder / "root.qcow2")
        for path in self.disks.values():
            subprocess.run(["cp", "--sparse=always", path.with_suffix(".frozen"), path], check=True)
        self._start("-incoming", f"exec:cat {self.folder / 'memory'}")
        self.wait_for_ssh(f"date --set=@{time.time():.0f}")

    def boot(self) -> None:
        """Switch it on and wait for ssh."""
        self._start()

    def _start(self, *more: str) -> None:
        self.port = self.port or free_port()
        if not Path(f"/sys/class/net/{TAP}").exists():
            subprocess.run(["ip", "tuntap", "add", "dev", TAP, "mode", "tap"], check=True)
        (self.folder / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {self.image.host_key}\n")
        with (self.folder / "console").open("ab") as console:
            self.process = subprocess.Popen(
                [*self._command(), *more],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
            )
        self.wait_for_ssh()

    def wait_for_ssh(self, command: str = "true") -> None:
        """Wait until somebody can log in and run a command."""
        end = time.monotonic() + PATIENCE
        while self.ssh(command, check=False).returncode != 0:
            assert self.process and self.process.poll() is None, self.console()
            assert time.monotonic() < end, f"no ssh: {self.console()}"
            time.sleep(1)

    def _command(self) -> list[str]:
        kernel, first = self.image.kernel
        drives = [f"file={self.folder / 'root.qcow2'},if=virtio,format=qcow2"]
        devices = []
        for number, (serial, path) in enumerate(self.disks.items()):
            drives.append(f"file={path},if=none,id=d{number},format=raw,discard=unmap")
            devices += ["-device", f"virtio-blk-pci,drive=d{number},serial={serial}"]
        return [
            "qemu-system-x86_64",
            *("-machine", "q35", "-cpu", "max", "-smp", "2", "-m", "1536", "-nographic"),
            *("-accel", "tcg,thread=multi"),  # nested KVM, where it is there at all, often breaks
            *("-kernel", str(kernel), "-initrd", str(first)),
            *("-append", APPEND),
            *(word for drive in drives for word in ("-drive", drive)),
            *devices,
            *("-netdev", f"user,id=n0,restrict=on,hostfwd=tcp:127.0.0.1:{self.port}-:22"),
            *("-device", f"virtio-net-pci,netdev=n0,mac={MAC}"),
            *("-netdev", f"tap,id=n1,ifname={TAP},script=no,downscript=no"),
            *("-device", f"virtio-net-pci,netdev=n1,mac={LAB_MAC}"),
            *("-qmp", f"unix:{self.folder / 'monitor'},server=on,wait=off"),
        ]

    def cut(self) -> None:
        """Pull the plug."""
        if self.process:
            self.process.kill()
            self._ended()

    def _ended(self) -> None:
        if self.process:
            self.process.wait(PATIENCE)
            self.process = None
            self._close_ssh()

    def unplug(self) -> None:
        """Pull the plug, and take its line away."""
        self.cut()
        subprocess.run(["ip", "link", "delete", TAP], capture_output=True, check=False)

    def into_lab(self, bridge: str, address: str, gateway: str) -> None:
        """Put its second line on a lab's bridge, until it is switched off."""
        subprocess.run(["ip", "link", "set", TAP, "up", "master", bridge], check=True)
        self.ssh(
            f"line=$(ls /sys/class/net | while read one; do grep -q {LAB_MAC} /sys/class/net/$one/address"
            f" && echo $one; done); ip address add {address} dev $line && ip link set $line up"
            f" && ip route replace default via {gateway}"
        )

    def reboot(self) -> None:
        """Let it shut down and start again; another boot id proves it."""
        before = self.says("cat /proc/sys/kernel/random/boot_id")
        self.ssh("systemctl reboot", check=False)
        self._close_ssh()
        end = time.monotonic() + PATIENCE
        while self.ssh("cat /proc/sys/kernel/random/boot_id", check=False).stdout.strip() in (before, ""):
            assert self.process and self.process.poll() is None, self.console()
            assert time.monotonic() < end, f"it does not come back: {self.console()}"
            time.sleep(2)

    def enlarge(self, serial: str, gib: int) -> None:
        """Give a disk more room while the machine runs, as a cloud or a storage array does."""
        number = list(self.disks).index(serial)
        with Monitor(self.folder / "monitor") as monitor:
            monitor.do("block_resize", device=f"d{number}", size=gib << 30)

    # Its operator

    def ssh(self, command: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        """Run a command on it, by one connection that is kept: a handshake takes it seconds."""
        options = {
            "BatchMode": "yes",
            "ConnectTimeout": "20",
            "UserKnownHostsFile": self.folder / "known_hosts",
            "ControlMaster": "auto",
            "ControlPersist": "600",
            "ControlPath": self.folder / "ssh",
            "ServerAliveInterval": "30",
        }
        words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        argv = ["ssh", "-i", str(self.image.key), "-p", str(self.port), *words, "root@127.0.0.1", command]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=PATIENCE)
        assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done

    def _close_ssh(self) -> None:
        subprocess.run(
            ["ssh", "-o", f"ControlPath={self.folder / 'ssh'}", "-O", "exit", "root@127.0.0.1"],
            capture_output=True,
            check=False,
        )
        (self.folder / "ssh").unlink(missing_ok=True)

    def says(self, command: str) -> str:
        """Return what a command prints."""
        return self.ssh(command).stdout.strip()

    def site(self, layout: str) -> Path:
        """Write the site file of this machine with a layout, and its inventory."""
        indented = "".join(f"    {line}\n" for line in layout.strip().splitlines())
        path = self.folder / "site.yaml"
        path.write_text(
            SITE.format(port=self.port, key=self.image.key, folder=self.folder, layout=indented.rstrip())
        )
        path.with_name("hosts.py").write_text((HOME / "inventory/lab/hosts.py").read_text())
        return path

    def start(self, *words: str) -> "subprocess.Popen[str]":
        """Start a command of nightfleet for this machine."""
        argv = [str(NIGHTFLEET), *words, "--site", str(self.folder / "site.yaml"), "--json"]
        environment = {**os.environ, "XDG_STATE_HOME": str(self.folder / "state"), "COLUMNS": "200"}
        return subprocess.Popen(
            argv,
            cwd=HOME,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def nightfleet(self, *words: str, ends_with: int = 0) -> Any:
        """Run a command of nightfleet and return what it printed as JSON."""
        child = self.start(*words)
        try:
            out, err = child.communicate(timeout=PATIENCE)
        except BaseException:
            os.killpg(child.pid, signal.SIGKILL)
            raise
        assert child.returncode == ends_with, (
            f"{words} ended with {child.returncode}: {err[-2000:]}{out[-3000:]}"
        )
        return json.loads(out) if out.strip() else None

    def console(self) -> str:
        """Return the end of what it printed on its console."""
        return (self.folder / "console").read_text(errors="replace")[-2000:]


def said(report: Any) -> str:
    """Return the state of the only node in a report of a converge."""
    (node,) = report["nodes"]
    return str(node["state"])


def overlay(below: Path, kind: str, path: Path) -> None:
    """Make a disk that begins as another one, and writes beside it."""
    path.unlink(missing_ok=True)
    argv = ["qemu-img", "create", "-q", "-f", "qcow2", "-b", str(below), "-F", kind, str(path)]
    subprocess.run(argv, check=True)


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port
