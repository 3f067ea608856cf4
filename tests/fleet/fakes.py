"""Hosts that exist only in pyinfra's fake connector, under the plain names of their nodes.

An inventory calls `pretend(groups, ...)`; a host then answers from its `fake_responses`, or as a toy
(toyhost.py) when $TOY_STATE names where toys live. What may be wrong with a host is host data:
    fake_down  no connection            fake_key   its address answers with another key
    fake_dies  the connection breaks at a command that contains this text
"""

import atexit
import os
from collections.abc import Mapping
from typing import Any

from pyinfra.api.exceptions import ConnectError
from pyinfra.connectors import ssh
from pyinfra.connectors.fake import FakeConnector
from pyinfra.connectors.util import CommandOutput, OutputLine

from tests.fleet.toyhost import FailedError, NotUnderstoodError, put_away, toy

Groups = dict[str, list[tuple[str, dict[str, object]]]]


class FakeHost(FakeConnector):
    """Stands where the ssh connector stands, so that host names are node names."""

    def connect(self) -> None:
        if self.host.data.get("fake_down"):
            raise ConnectError("Could not connect (timed out)")
        if self.host.data.get("fake_key"):
            raise ConnectError(f"SSH host key error (Host key for {self.host.name} does not match.)")

    def run_shell_command(self, command: Any, **arguments: Any) -> Any:
        dies = self.host.data.get("fake_dies")
        if dies and dies in str(command):
            raise ConnectionResetError(104, "Connection reset by peer")
        wanted = self.host.data.get("fake_responses") or {}
        if "TOY_STATE" not in os.environ or any(words in str(command) for words in wanted):
            return super().run_shell_command(command, **arguments)
        return self._toy(
            command if isinstance(command, str) else command.get_raw_value(), arguments.get("_stdin") or ""
        )

    def _toy(self, command: str, stdin: str) -> tuple[bool, CommandOutput]:
        try:
            lines = toy(self.host.name).hear(command, stdin)
        except FailedError as error:
            return False, CommandOutput([OutputLine("stderr", str(error))])
        except NotUnderstoodError as error:
            said = f"tests/fleet/toyhost.py does not understand: {error}"
            return False, CommandOutput([OutputLine("stderr", said)])
        return True, CommandOutput([OutputLine("stdout", line) for line in lines])


def pretend(groups: Groups, special: Mapping[str, Mapping[str, object]], **common: object) -> Groups:
    """Return the groups with fake hosts: `common` data for all, `special` data by name."""
    ssh.SSHConnector = FakeHost  # pyinfra looks the class up when it makes its hosts, after the inventory
    if "TOY_STATE" in os.environ:
        atexit.register(put_away)
    quick = {"fake_delay": 0, "fake_delay_jitter": 0, **common}
    return {
        group: [(name, {**data, **quick, **special.get(name, {})}) for name, data in members]
        for group, members in groups.items()
    }
