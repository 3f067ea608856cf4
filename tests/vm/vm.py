"""One VM under QEMU, driven as an operator drives a machine: by commands over ssh, and by its plug."""

import json
import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.vm import image

HOME = Path(__file__).parents[2]
NIGHTFLEET = Path(sys.executable).with_name("nightfleet")
PATIENCE = 600  # seconds: without KVM everything takes ten times as long
SITE = """\
site: nft-vm
nodes:
  vm-1: {{address: 127.0.0.1, roles: [control_plane, worker], class: vm}}
classes:
  vm: {{kind: vm, swap: keep}}
connection: {{user: root, port: {port}, key: {folder}/key, known_hosts: {folder}/known_hosts}}
network: {{nodes: 127.0.0.0/24, pods: 10.97.0.0/16, services: 10.98.0.0/16, cni: routed}}
disks:
  vm:
{layout}
"""


@dataclass(slots=True)
class Vm:
    """A machine with its disks as files in `folder`; `disks` are serial -> file."""

    folder: Path
    source: Path  # the base root, for its kernel
    disks: dict[str, Path] = field(default_factory=dict)
    port: int = 0
    process: "subprocess.Popen[bytes] | None" = None

    def disk(self, serial: str, gib: int) -> Path:
        """Have a new empty disk, or a larger one; the machine must be off."""
        path = self.disks.setdefault(serial, self.folder / f"{serial}.raw")
        with path.open("ab") as file:
            file.truncate(gib << 30)
        return path

    def empty(self, serial: str, gib: int) -> None:
        """Put a new disk of `gib` in a disk's place; the machine must be off."""
        self.disks.setdefault(serial, self.folder / f"{serial}.raw").unlink(missing_ok=True)
        self.disk(serial, gib)

    def renew(self) -> None:
        """Put the root disk back to what it was when it was new; the machine must be off."""
        subprocess.run(
            ["cp", "--sparse=always", self.folder / "new.raw", self.folder / "root.raw"], check=True
        )

    def boot(self) -> None:
        """Switch it on and wait for ssh."""
        self.port = self.port or free_port()
        known = f"[127.0.0.1]:{self.port} {(self.folder / 'host_key').read_text()}\n"
        (self.folder / "known_hosts").write_text(known)
        with (self.folder / "console").open("ab") as console:
            self.process = subprocess.Popen(
                self._command(),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
            )
        end = time.monotonic() + PATIENCE
        while self.ssh("true", check=False).returncode != 0:
            assert self.process.poll() is None, self.console()
            assert time.monotonic() < end, f"no ssh: {self.console()}"
            time.sleep(1)

    def _command(self) -> list[str]:
        kernel, first = image.kernel(self.source)
        drives = [f"file={self.folder / 'root.raw'},if=virtio,format=raw"]
        devices = []
        for number, (serial, path) in enumerate(self.disks.items()):
            drives.append(f"file={path},if=none,id=d{number},format=raw,discard=unmap")
            devices += ["-device", f"virtio-blk-pci,drive=d{number},serial={serial}"]
        return [
            "qemu-system-x86_64",
            *("-machine", "q35", "-cpu", "max", "-smp", "2", "-m", "1024", "-nographic"),
            *("-accel", "tcg,thread=multi"),  # nested KVM, where it is there at all, often breaks
            *("-kernel", str(kernel), "-initrd", str(first)),
            *("-append", "root=LABEL=root rw console=ttyS0 quiet systemd.show_status=no"),
            *(word for drive in drives for word in ("-drive", drive)),
            *devices,
            *("-netdev", f"user,id=n0,restrict=on,hostfwd=tcp:127.0.0.1:{self.port}-:22"),
            *("-device", "virtio-net-pci,netdev=n0"),
        ]

    def cut(self) -> None:
        """Pull the plug."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def off(self) -> None:
        """Shut it down."""
        if self.process:
            self.ssh("systemctl poweroff", check=False)
            try:
                self.process.wait(120)
            except subprocess.TimeoutExpired:
                self.cut()
            self.process = None

    def ssh(self, command: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        """Run a command on it."""
        options = ("BatchMode=yes", "ConnectTimeout=5", f"UserKnownHostsFile={self.folder / 'known_hosts'}")
        words = [word for option in options for word in ("-o", option)]
        argv = [
            "ssh",
            "-i",
            str(self.folder / "key"),
            "-p",
            str(self.port),
            *words,
            "root@127.0.0.1",
            command,
        ]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=PATIENCE)
        assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done

    def says(self, command: str) -> str:
        """Return what a command prints."""
        return self.ssh(command).stdout.strip()

    def site(self, layout: str) -> Path:
        """Write the site file of this machine with a layout, and its inventory."""
        indented = "".join(f"    {line}\n" for line in layout.strip().splitlines())
        path = self.folder / "site.yaml"
        path.write_text(SITE.format(port=self.port, folder=self.folder, layout=indented.rstrip()))
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
        out, err = child.communicate(timeout=PATIENCE)
        assert child.returncode == ends_with, (
            f"{words} ended with {child.returncode}: {err[-2000:]}{out[-3000:]}"
        )
        return json.loads(out) if out.strip() else None

    def console(self) -> str:
        """Return the end of what it printed on its console."""
        return (self.folder / "console").read_text(errors="replace")[-2000:]


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port
