"""What a machine is, as one record of facts, and how two such records differ. Pure.

A record is written by deploys/hostops/templates/fingerprint.sh: a fact a line, KIND, KEY and VALUE between
tabs. Two records of a machine are equal when every fact that counts (volatile.py) is.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch

from nightfleet.membership import volatile

FORMAT = "1"
Fact = tuple[str, str]  # kind, key
# Kinds in the order in which people look for what is left, and what they call them.
KINDS = {
    "name": "host name",
    "package": "packages",
    "manual": "packages marked as wanted",
    "hold": "held packages",
    "user": "accounts",
    "group": "groups",
    "unit": "unit files",
    "active": "active units",
    "path": "files and folders",
    "content": "contents of files",
    "mount": "mounts",
    "swap": "swap",
    "module": "kernel modules",
    "sysctl": "kernel settings",
    "link": "network links",
    "address": "addresses",
    "route": "routes",
    "rule": "routing rules",
    "listens": "listening sockets",
    "nft": "packet filter",
    "iptables": "packet filter (iptables)",
    "ip6tables": "packet filter (ip6tables)",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One fact that is not as it was; None stands for its absence."""

    kind: str
    key: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        if self.before is None:
            return f"+ {self.key} {_short(self.after)}".rstrip()
        if self.after is None:
            return f"- {self.key} {_short(self.before)}".rstrip()
        return f"~ {self.key}: {_short(self.before)} -> {_short(self.after)}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two records held against each other: `compared` facts counted, `left_out` did not (why: how many)."""

    compared: int
    differences: tuple[Difference, ...]
    expected: tuple[Difference, ...]  # of packages that were said to stay
    left_out: Mapping[str, int]

    @property
    def equal(self) -> bool:
        return not self.differences

    def grouped(self) -> dict[str, list[Difference]]:
        """Return the differences by kind, in the order of KINDS, under the words for people."""
        found: dict[str, list[Difference]] = {}
        for kind, words in KINDS.items():
            if some := [one for one in self.differences if one.kind == kind]:
                found[words] = some
        return found


def read(text: str) -> dict[Fact, str]:
    """Read a record. ValueError when it is none, or one of another format."""
    facts: dict[Fact, str] = {}
    for line in text.splitlines():
        kind, _, rest = line.partition("\t")
        key, _, value = rest.partition("\t")
        if kind in KINDS or kind in ("format", "kept"):
            fact = (kind, key)
            facts[fact] = value if fact not in facts else f"{facts[fact]} {value}"
    if facts.pop(("format", "version"), None) != FORMAT:
        raise ValueError("this is no record of a machine, or one of another version of nightfleet")
    return facts


def compare(before: Mapping[Fact, str], after: Mapping[Fact, str], keep: Sequence[str] = ()) -> Comparison:
    """Return how a machine differs from what it was; `keep` are patterns of packages that were to stay."""
    left_out: Counter[str] = Counter()
    differences = []
    compared = 0
    for kind, key in sorted({*before, *after}, key=lambda fact: (order(fact[0]), fact[1])):
        if why := volatile.why(kind, key):
            left_out[why] += 1
            continue
        compared += 1
        was, now = before.get((kind, key)), after.get((kind, key))
        if was != now:
            differences.append(Difference(kind, key, was, now))
    expected = [one for one in differences if _kept(one, keep)]
    rest = [one for one in differences if one not in expected]
    return Comparison(compared, tuple(rest), tuple(expected), dict(left_out))


def order(kind: str) -> int:
    """Return where a kind stands among the others."""
    kinds = list(KINDS)
    return kinds.index(kind) if kind in KINDS else len(kinds)


def count(facts: Iterable[Fact]) -> dict[str, int]:
    """Return how many facts of each kind a record has."""
    found = Counter(kind for kind, _ in facts)
    return {kind: found[kind] for kind in KINDS if found[kind]}


def _kept(one: Difference, keep: Sequence[str]) -> bool:
    return one.kind in ("package", "manual") and any(
        fnmatch(one.key.partition(":")[0], name) for name in keep
    )


def _short(value: str | None) -> str:
    text = re.sub(r"\b([0-9a-f]{12})[0-9a-f]{52}\b", r"\1", value or "")
    return text if len(text) <= 80 else f"{text[:77]}..."
