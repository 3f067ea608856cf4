"""What a host says about its kernel settings, swap and account."""

import shlex
from collections.abc import Sequence

from deploys.base import plan
from deploys.hostops.facts import HostFact


class Kernel(HostFact):
    """Loaded modules, values of sysctls, and whether the account exists."""

    @staticmethod
    def default() -> plan.KernelState:
        return plan.KernelState()

    def command(self, sysctls: Sequence[str], account: str) -> str:
        files = " ".join(shlex.quote("/proc/sys/" + name.replace(".", "/")) for name in sysctls)
        return (
            # not every built-in module has a folder in /sys/module; some show elsewhere
            "ls -1 /sys/module 2>/dev/null | sed 's/^/module=/'; sed 's/.*\t/module=/' /proc/filesystems;"
            " [ ! -d /proc/sys/net/bridge ] || echo module=br_netfilter;"
            " sed 's|.*/|module=|;s|[.]ko.*||' /lib/modules/$(uname -r)/modules.builtin 2>/dev/null;"
            f" for f in {files}; do v=$(cat \"$f\" 2>/dev/null | tr '\\t' ' ');"
            ' echo "sysctl=$f=$v"; done;'
            f" getent passwd {shlex.quote(account)} | sed 's/^/account=/'; true"
        )

    def parse(self, output: list[str]) -> plan.KernelState:
        return plan.parse_kernel(output)


class Names(HostFact):
    """/etc/hosts and the host name."""

    def command(self) -> str:
        return 'echo "name=$(cat /proc/sys/kernel/hostname)"; cat /etc/hosts 2>/dev/null; true'

    def parse(self, output: list[str]) -> tuple[str, str]:
        return output[0].removeprefix("name="), "".join(f"{line}\n" for line in output[1:])


class Swap(HostFact):
    """Active swap, and the swap lines of fstab."""

    @staticmethod
    def default() -> tuple[list[str], list[str]]:
        return [], []  # a host without any prints nothing, and pyinfra then does not ask `parse`

    def command(self) -> str:
        return (
            "sed '1d;s/^/active=/' /proc/swaps;"
            f" grep -E {shlex.quote('^' + plan.FSTAB_SWAP)} /etc/fstab 2>/dev/null"
            " | sed 's/^/fstab=/'; true"
        )

    def parse(self, output: list[str]) -> tuple[list[str], list[str]]:
        active = [line.removeprefix("active=").split()[0] for line in output if line.startswith("active=")]
        return active, [line.removeprefix("fstab=") for line in output if line.startswith("fstab=")]
