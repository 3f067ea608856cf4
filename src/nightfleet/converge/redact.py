"""Secrets never reach a report or a log: every line that pyinfra prints passes through here first.

What a Kubernetes host may print by accident: kubeadm's bootstrap tokens, its certificate key, private keys,
the keys in a kubeconfig. Digests that are marked as such (`sha256:...`, a path) stay readable.
"""

import re
from collections.abc import Iterable

HIDDEN = "[hidden]"
LONGEST_KEY = 200  # lines; a key that has not ended by then was cut off, and the log goes on

_TOKEN = re.compile(r"\b([a-z0-9]{6})\.[a-z0-9]{16}\b")  # kubeadm: the id before the dot is public
_CERTIFICATE_KEY = re.compile(r"(?<!sha256[:= ])(?<![0-9A-Za-z/_.-])[0-9a-f]{64}(?![0-9A-Za-z])")
_KUBECONFIG_KEY = re.compile(r"((?:client-key-data|token):\s*)\S{32,}")
_BASE64_LINE = re.compile(
    r"(?m)^[ \t]*[A-Za-z0-9+/]{60,}={0,2}[ \t]*$"
)  # of a key whose beginning was cut off
_KEY_BEGINS = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----")
_KEY_ENDS = re.compile(r"-----END [A-Z0-9 ]*PRIVATE KEY-----")


class Redactor:
    """Hides secrets line by line; remembers between lines whether a private key is being printed."""

    def __init__(self) -> None:
        self._key_lines = 0  # that may still follow

    def line(self, text: str) -> str:
        """Return `text` without secrets; each line of a private key becomes one word."""
        if self._key_lines:
            return self._rest_of_key(text)
        begin = _KEY_BEGINS.search(text)
        if begin is None:
            return hide(text)
        self._key_lines = LONGEST_KEY
        return hide(text[: begin.start()]) + self._rest_of_key(text[begin.end() :])

    def _rest_of_key(self, text: str) -> str:
        end = _KEY_ENDS.search(text)
        if end is None:
            self._key_lines -= 1
            return HIDDEN
        self._key_lines = 0
        return HIDDEN + self.line(text[end.end() :])


def hide(text: str) -> str:
    """Hide the secrets that fit on one line."""
    text = _BASE64_LINE.sub(HIDDEN, text)
    text = _TOKEN.sub(rf"\1.{HIDDEN}", text)
    text = _CERTIFICATE_KEY.sub(HIDDEN, text)
    return _KUBECONFIG_KEY.sub(rf"\1{HIDDEN}", text)


def hide_lines(lines: Iterable[str]) -> tuple[str, ...]:
    """Hide the secrets of lines that belong together; an element may hold line breaks itself."""
    redactor = Redactor()
    return tuple("\n".join(redactor.line(part) for part in line.split("\n")) for line in lines)
