"""What hosts say about the keys by which copies travel. Public halves only."""

from deploys.backup.plan import ACCOUNT, AUTHORIZED, COPIES, ETC
from deploys.hostops.facts import HostFact


class SenderKey(HostFact):
    """The public key of a control plane that sends copies; empty before it has one."""

    @staticmethod
    def default() -> str:
        return ""

    def command(self) -> str:
        return f"cat {ETC}/id_ed25519.pub 2>/dev/null; true"

    def parse(self, output: list[str]) -> str:
        return output[0].strip() if output else ""


class HostKey(HostFact):
    """The ed25519 host key of a node, as its sshd shows it; empty when it has none."""

    @staticmethod
    def default() -> str:
        return ""

    def command(self) -> str:
        return "cat /etc/ssh/ssh_host_ed25519_key.pub 2>/dev/null; true"

    def parse(self, output: list[str]) -> str:
        return output[0].strip() if output else ""


class Keeper(HostFact):
    """Who owns the folder of copies, and who may send: the owner, then the lines of authorized_keys."""

    @staticmethod
    def default() -> tuple[bool, tuple[str, ...]]:
        return False, ()

    def command(self) -> str:
        return f"stat -c %U {COPIES} 2>/dev/null || echo nobody; cat {AUTHORIZED} 2>/dev/null; true"

    def parse(self, output: list[str]) -> tuple[bool, tuple[str, ...]]:
        return output[0] == ACCOUNT, tuple(output[1:])
