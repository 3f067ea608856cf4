"""What a control plane says about its network."""

import re

from deploys.hostops.facts import HostFact


class Carrier(HostFact):
    """Name of the interface that carries an address; empty when none does."""

    @staticmethod
    def default() -> str:
        return ""

    def command(self, address: str) -> str:
        return f"ip -o -4 address show to {address}/32; true"

    def parse(self, output: list[str]) -> str:
        return carrier(output)


def carrier(output: list[str]) -> str:
    """Read `ip -o address`: `2: host0@if17    inet 10.77.0.11/24 ...` is host0."""
    found = re.match(r"\d+:\s+([^\s@]+)", output[0]) if output else None
    return found[1] if found else ""
