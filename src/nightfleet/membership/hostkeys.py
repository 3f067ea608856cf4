"""Host keys: what a machine shows, what the site's known_hosts says. Changed only at a person's word."""

import base64
import hashlib
import subprocess
from dataclasses import dataclass

from nightfleet.errors import NightfleetError
from nightfleet.membership.machine import write
from nightfleet.site import Node, Site

SECONDS = 10


@dataclass(frozen=True, slots=True)
class HostKey:
    """One public host key."""

    kind: str  # ssh-ed25519 ...
    blob: str  # base64

    @property
    def fingerprint(self) -> str:
        """SHA256:..., as ssh-keygen -l prints it."""
        digest = hashlib.sha256(base64.b64decode(self.blob)).digest()
        return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"


def read_keys(output: str) -> tuple[HostKey, ...]:
    """Read lines of ssh-keyscan or of a known_hosts file. Pure."""
    rows = (line.split() for line in output.splitlines() if line and not line.startswith(("#", "@")))
    return tuple(HostKey(row[1], row[2]) for row in rows if len(row) >= 3)


def shown(site: Site, node: Node) -> tuple[HostKey, ...]:
    """Ask the machine for its keys; empty when it does not answer."""
    port = str(site.connection.port)
    return read_keys(_run("ssh-keyscan", "-T", str(SECONDS), "-p", port, str(node.address)))


def known(site: Site, node: Node) -> tuple[HostKey, ...]:
    """Return the keys that the site has for this node."""
    file = site.file(site.connection.known_hosts)
    return read_keys(_run("ssh-keygen", "-F", _name(site, node), "-f", str(file)))


def accept(site: Site, node: Node, key: HostKey) -> None:
    """Replace whatever the site knew of this node by this key."""
    file = site.file(site.connection.known_hosts)
    if file.exists():
        _run("ssh-keygen", "-R", _name(site, node), "-f", str(file))
        file.with_name(f"{file.name}.old").unlink(missing_ok=True)
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    write(file, f"{text}{_name(site, node)} {key.kind} {key.blob}\n")


def _name(site: Site, node: Node) -> str:
    port = site.connection.port
    return str(node.address) if port == 22 else f"[{node.address}]:{port}"


def _run(*argv: str) -> str:
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=6 * SECONDS)
    except FileNotFoundError as error:
        raise NightfleetError(f"there is no {argv[0]}", hint="apt-get install openssh-client") from error
    except subprocess.TimeoutExpired:
        return ""
    return done.stdout
