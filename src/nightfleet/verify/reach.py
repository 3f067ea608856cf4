"""ssh to the nodes of a site, for testinfra: one shared connection per node, all opened side by side.

A node that does not answer is remembered with the reason; whatever is asked of it raises Unknown.
"""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from testinfra.backend.base import CommandResult
from testinfra.backend.ssh import SshBackend
from testinfra.host import Host

from nightfleet.cluster.ssh import AT_ONCE, CONNECT, last_line, ssh_config
from nightfleet.site import Role, Site

KUBECTL = "kubectl --kubeconfig /etc/kubernetes/admin.conf --request-timeout 15s"


class Unknown(Exception):
    """Something could not be asked. Missing data is neither good news nor bad news."""


class Reach:
    """The connections of one run of checks; close() ends them."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._folder = Path(tempfile.mkdtemp(prefix="nightfleet-"))  # short: sockets' paths are limited
        self._config = self._folder / "config"
        self._config.write_text(ssh_config(site, self._folder), encoding="utf-8")
        self._connected: set[str] = set()
        self._silent: dict[str, str] = {}  # node: why it is not reached
        self._hosts: dict[str, Host] = {}
        self._answers: dict[str, Any] = {}  # asked once, so that all checks speak about the same moment
        self._no_api = ""  # why the API server cannot be asked

    def connect(self, names: Iterable[str]) -> None:
        """Open connections to all of these nodes; those that do not answer only cost the wait together."""
        new = [name for name in names if name not in self._connected and name not in self._silent]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for name, fault in zip(new, pool.map(self._greet, new), strict=True):
                if fault:
                    self._silent[name] = fault
                else:
                    self._connected.add(name)

    def host(self, name: str) -> Host:
        """Return testinfra's host for a node. Raises Unknown when it does not answer."""
        self.connect([name])
        if name in self._silent:
            raise Unknown(f"{name} does not answer over ssh: {self._silent[name]}")
        if name not in self._hosts:
            sudo = self.site.connection.needs_sudo
            connection = Connection(name, ssh_config=str(self._config), controlpersist=0, sudo=sudo)
            connection.lost = lambda why: self._silent.setdefault(name, why)
            self._hosts[name] = NodeHost(connection)
        return self._hosts[name]

    def api(self, path: str) -> Any:
        """Ask the API server, on a control plane that is reached. Raises Unknown without an answer."""
        if path not in self._answers:
            self._answers[path] = self._ask(path)
        return self._answers[path]

    def forget(self) -> None:
        """Forget what the API server answered; it may answer otherwise now."""
        self._answers.clear()
        self._no_api = ""

    def close(self) -> None:
        """End the shared connections."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda name: self._ssh("-O", "exit", name), self._connected))
        shutil.rmtree(self._folder, ignore_errors=True)

    def _greet(self, name: str) -> str:
        """Connect to a node; return why that did not work, "" when it did."""
        answer = self._ssh(name, "sudo -n true" if self.site.connection.needs_sudo else "true")
        if answer.returncode == 0:
            return ""
        return last_line(answer.stderr)

    def _ssh(self, *words: str) -> subprocess.CompletedProcess[str]:
        argv = ["ssh", "-F", str(self._config), *words]
        try:
            return subprocess.run(
                argv, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=3 * CONNECT
            )
        except FileNotFoundError:
            return subprocess.CompletedProcess(argv, 127, "", "there is no ssh command on this machine")
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(argv, 255, "", f"no answer within {3 * CONNECT} s")

    def _ask(self, path: str) -> Any:
        if self._no_api:
            raise Unknown(self._no_api)
        said = self._control_plane().run(f"{KUBECTL} get --raw %s", path)
        if said.rc != 0:
            why = f"the API server does not answer {path}: {last_line(said.stderr)}"
            if "Error from server" not in said.stderr:  # nobody there, so there is no use in asking more
                self._no_api = f"the API server does not answer: {last_line(said.stderr)}"
            raise Unknown(self._no_api or why)
        try:
            return json.loads(said.stdout)
        except ValueError:
            return said.stdout

    def _control_plane(self) -> Host:
        """Return a control plane that is reached; Unknown says why the first one is not when none is."""
        names = [node.name for node in self.site.having(Role.CONTROL_PLANE)]
        self.connect(names)
        return self.host(next((name for name in names if name not in self._silent), names[0]))


class NodeHost(Host):  # type: ignore[misc]
    """testinfra's host, with a reason that people can read when a command fails."""

    def check_output(self, command: str, *args: str, **kwargs: Any) -> str:
        said = self.run(command, *args, **kwargs)
        assert said.rc == 0, f"{command.split()[0]} ended with {said.rc}: {last_line(said.stderr)}"
        output: str = said.stdout.rstrip("\r\n")
        return output


class Connection(SshBackend):  # type: ignore[misc]
    """testinfra over the shared connection; a connection lost on the way is missing data, not a failure."""

    lost: Callable[[str], object]  # told why, so that the node is not waited for again

    def run_ssh(self, command: str) -> CommandResult:
        try:
            return super().run_ssh(command)
        except RuntimeError as error:  # ssh's own exit status, 255
            self.lost("the connection was lost in the middle of a check")
            raise Unknown(f"{self.host.name}: the connection was lost in the middle of a check") from error
