"""Commands on the nodes of a site: one shared ssh connection each, host keys as strict as in a converge."""

import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from nightfleet.errors import NightfleetError
from nightfleet.site import Site

AT_ONCE = 16  # connections opened at the same time
CONNECT = 15  # seconds until a node counts as unreachable; a busy one may take its time
LOST = 255  # ssh's own exit status


@dataclass(frozen=True, slots=True)
class Said:
    """How a command on a node ended. `code` is 255 when the node was not reached or lost."""

    node: str
    code: int
    out: str
    err: str

    @property
    def reached(self) -> bool:
        """Whether the node ran the command to its end."""
        return self.code != LOST

    @property
    def why(self) -> str:
        """The last thing that was said, which mostly is the reason."""
        return last_line(self.err or self.out)


class Shell:
    """The connections of one operation; a context manager, or close() ends them."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._folder = Path(tempfile.mkdtemp(prefix="nightfleet-"))  # short: sockets' paths are limited
        self._config = self._folder / "config"
        self._config.write_text(ssh_config(site, self._folder), encoding="utf-8")
        self._used: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the shared connections."""
        for name in self._used:
            subprocess.run(self._argv("-O", "exit", name), check=False, capture_output=True)
        shutil.rmtree(self._folder, ignore_errors=True)

    def run(self, node: str, script: str, *, stdin: str | bytes = b"", seconds: float = 60) -> Said:
        """Run a shell script as root on a node, to whatever end it comes."""
        data = stdin.encode() if isinstance(stdin, str) else stdin
        return self._end(node, script, seconds, input=data, stdout=subprocess.PIPE)

    def stream(
        self,
        node: str,
        script: str,
        *,
        source: IO[bytes] | int = subprocess.DEVNULL,
        target: IO[bytes] | int = subprocess.PIPE,
        seconds: float = 3600,
    ) -> Said:
        """Run a script that reads a file or pipe of ours, or writes one: what is too large to hold."""
        return self._end(node, script, seconds, stdin=source, stdout=target)

    def ask(self, node: str, script: str, *, stdin: str | bytes = b"", seconds: float = 60) -> str:
        """Return what a script printed. NightfleetError when it failed or the node was not reached."""
        said = self.run(node, script, stdin=stdin, seconds=seconds)
        if said.code == 0:
            return said.out
        what = said.why if said.reached else f"cannot be reached: {said.why}"
        raise NightfleetError(what, node, f"ssh to it by hand, or: nightfleet doctor --site {self.site.site}")

    def each(self, nodes: Iterable[str], script: str, *, seconds: float = 60) -> dict[str, Said]:
        """Run a script on many nodes at once."""
        return self.map(nodes, lambda name: self.run(name, script, seconds=seconds))

    def map(self, nodes: Iterable[str], act: Callable[[str], Said]) -> dict[str, Said]:
        """Do something with many nodes at once; the answers in the order of the names."""
        names = list(nodes)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return dict(zip(names, pool.map(act, names), strict=True))

    def forget(self, node: str) -> None:
        """Drop the shared connection to a node that reboots: it would hang until it times out."""
        subprocess.run(self._argv("-O", "exit", node), check=False, capture_output=True)

    def _end(self, node: str, script: str, seconds: float, **streams: Any) -> Said:
        self._used.add(node)
        command = f"sh -c {shlex.quote(script)}"
        if self.site.connection.needs_sudo:
            command = f"sudo -n {command}"
        try:
            done = subprocess.run(
                self._argv(node, command), stderr=subprocess.PIPE, check=False, timeout=seconds, **streams
            )
        except subprocess.TimeoutExpired:
            return Said(node, LOST, "", f"no answer within {seconds:.0f} s")
        except FileNotFoundError as error:
            raise NightfleetError(
                "there is no ssh command on this machine", hint="apt-get install openssh-client"
            ) from error
        return Said(node, done.returncode, _text(done.stdout or b""), _text(done.stderr))

    def _argv(self, *words: str) -> Sequence[str]:
        return ["ssh", "-F", str(self._config), *words]


def ssh_config(site: Site, folder: Path) -> str:
    """Write one ssh_config for all nodes; host keys are checked as strictly as in a converge. Pure."""
    connection = site.connection
    common = {
        "User": connection.user,
        "Port": connection.port,
        "IdentityFile": f'"{site.file(connection.key)}"',
        "IdentitiesOnly": "yes",
        "UserKnownHostsFile": f'"{site.file(connection.known_hosts)}"',
        "GlobalKnownHostsFile": "/dev/null",
        "StrictHostKeyChecking": "yes",
        "BatchMode": "yes",
        "LogLevel": "ERROR",
        "ConnectTimeout": CONNECT,
        "ServerAliveInterval": 5,
        "ServerAliveCountMax": 3,
        "ControlMaster": "auto",
        "ControlPath": f"{folder}/%C",
        "ControlPersist": "30s",
    }
    hosts = "".join(f"Host {node.name}\n  HostName {node.address}\n" for node in site.fleet)
    return hosts + "Host *\n" + "".join(f"  {key} {value}\n" for key, value in common.items())


def last_line(text: str) -> str:
    """Return the last thing a program said."""
    return (text.strip().splitlines() or ["it said nothing"])[-1].strip()


def _text(data: bytes) -> str:
    return data.decode(errors="replace")
