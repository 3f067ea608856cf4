"""Asking for a reboot: a capability says that it wants one, and never reboots by itself.

The wish lies in /run, so that the reboot itself grants it. `nightfleet node reboot --needed` collects wishes
and does it: nodes emptied, in waves, inside the maintenance window, each proven by another boot id.
"""

import shlex
from collections.abc import Generator, Sequence

from pyinfra.api.command import StringCommand
from pyinfra.api.operation import operation
from pyinfra.context import host

from deploys.hostops.facts import HostFact
from deploys.hostops.this import ask

ASKED = "/run/nightfleet/reboot-required"  # a file per capability; its first line says why


class Asked(HostFact):
    """What a capability has asked for; empty when it has not."""

    @staticmethod
    def default() -> str:
        return ""

    def command(self, capability: str) -> str:
        return f"head -n1 {shlex.quote(f'{ASKED}/{capability}')} 2>/dev/null; true"

    def parse(self, output: list[str]) -> str:
        return output[0]


@operation()
def request_reboot(capability: str, reasons: Sequence[str]) -> Generator[StringCommand, None, None]:
    """Ask for a reboot for these reasons; without any, nothing is asked, nor looked at.

    Call it `name="Ask for a reboot"`: the report of a converge then names the next command.
    """
    if not reasons:
        host.noop("nothing here wants a reboot")
        return
    why = "; ".join(reasons).replace("\n", " ")
    if ask(Asked, capability=capability) == why:
        host.noop(f"a reboot is asked for already: {why}")
        return
    file = shlex.quote(f"{ASKED}/{capability}")
    yield StringCommand(
        f"mkdir -m 755 -p {ASKED} && printf '%s\\n' {shlex.quote(why)} >{file}.new && mv -f {file}.new {file}"
    )
