"""What ssh needs on this machine: the private key, and every node's host key. Judging is pure."""

import base64
import hashlib
import hmac
from collections.abc import Iterator
from pathlib import Path

from nightfleet.finding import Finding, Status
from nightfleet.site import Site

OTHERS = 0o077


def key(site: Site, mode: int | None, readable: bool) -> Finding:
    """Judge the private key by its mode (None when it is not there)."""
    path = site.file(site.connection.key)
    if not readable:
        return Finding("ssh key", Status.UNKNOWN, f"{path} cannot be seen by this user", "try with sudo")
    if mode is None:
        make = "nightfleet lab up" if site.lab else f"ssh-keygen -t ed25519 -f {path}"
        return Finding("ssh key", Status.FAIL, f"{path} does not exist", f"`{make}` makes it")
    if mode & OTHERS:
        what = f"{path} has mode {mode & 0o777:03o}: others can read it"
        return Finding("ssh key", Status.FAIL, what, f"chmod 600 {path}")
    return Finding("ssh key", Status.OK, f"{path}, mode {mode & 0o777:03o}")


def known_hosts(site: Site, text: str | None) -> Finding:
    """Judge whether every node's host key is recorded; `text` is the file, None when it cannot be read."""
    path, port = site.file(site.connection.known_hosts), site.connection.port
    if text is None:
        make = "`nightfleet lab up` writes it" if site.lab else "record the keys: " + _scan(site, path)
        return Finding("known hosts", Status.FAIL, f"{path} cannot be read", make)
    missing = [node.name for node in site.fleet if not knows(text, str(node.address), port)]
    if not missing:
        return Finding("known hosts", Status.OK, f"{path} has all {len(site.fleet)} nodes")
    hint = f"compare fingerprints on the consoles, then {_scan(site, path)}"
    return Finding("known hosts", Status.FAIL, f"{path} lacks {', '.join(missing)}", hint)


def knows(text: str, address: str, port: int) -> bool:
    """Tell whether a known_hosts file has a key for the address (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT)."""
    name = address if port == 22 else f"[{address}]:{port}"
    return any(_is(entry, name) for entry in _entries(text))


def _entries(text: str) -> Iterator[str]:
    for line in text.splitlines():
        words = line.split()
        if len(words) >= 3 and not words[0].startswith(("#", "@revoked")):
            yield from (words[1] if words[0].startswith("@") else words[0]).split(",")


def _is(entry: str, name: str) -> bool:
    if not entry.startswith("|1|"):
        return entry == name
    salt, _, digest = entry.removeprefix("|1|").partition("|")
    try:
        return hmac.digest(base64.b64decode(salt), name.encode(), hashlib.sha1) == base64.b64decode(digest)
    except ValueError:
        return False


def _scan(site: Site, path: Path) -> str:
    return f"ssh-keyscan -p {site.connection.port} ADDRESS >> {path}"
