"""QEMU's monitor: stop a machine, keep its memory in a file, tell it of a larger disk (qemu-qmp-ref(7))."""

import json
import socket
import time
from pathlib import Path
from typing import Any

PATIENCE = 600  # seconds


class Monitor:
    """One conversation with one QEMU, over a socket on this machine."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(str(path))
        self.lines = self.socket.makefile("r")
        self.lines.readline()  # it says who it is
        self.do("qmp_capabilities")

    def __enter__(self) -> "Monitor":
        return self

    def __exit__(self, *_: object) -> None:
        self.lines.close()
        self.socket.close()

    def do(self, command: str, **arguments: Any) -> Any:
        """Give a command and return its answer."""
        self.socket.sendall(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
        while True:
            answer = json.loads(self.lines.readline())
            assert "error" not in answer, f"{command}: {answer}"
            if "return" in answer:
                return answer["return"]

    def keep_memory(self, path: Path) -> None:
        """Write all that is not on its disks into a file, and end; it goes on from there at once."""
        self.do("migrate", uri=f"exec:cat >{path}")
        end = time.monotonic() + PATIENCE
        while (state := self.do("query-migrate")["status"]) != "completed":
            assert state in ("setup", "active", "device"), state
            assert time.monotonic() < end
            time.sleep(0.2)
        self.do("quit")
