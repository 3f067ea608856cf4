"""What a host could reach when it tried."""

import shlex
from collections.abc import Sequence

from deploys.egress.plan import TEMPLATES, Attempt, read_attempts
from deploys.hostops.facts import HostFact

SCRIPT = (TEMPLATES / "try.sh").read_text(encoding="utf-8")


class Tried(HostFact):
    """One command tries everything, all at the same time."""

    @staticmethod
    def default() -> tuple[Attempt, ...]:
        return ()

    def command(self, urls: Sequence[str], peer: str) -> str:
        words = " ".join(shlex.quote(word) for word in (peer, *urls))
        return f"sh -c {shlex.quote(SCRIPT)} try {words}"

    def parse(self, output: list[str]) -> tuple[Attempt, ...]:
        return read_attempts(output)
