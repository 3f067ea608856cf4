"""Ranges of names and addresses: `lab-w[1-16]` in ClusterShell's notation, expanded in the order as written.

NodeSet itself sorts, and asks external group sources about `@name`. Here the n-th name belongs to the n-th
address, so the order must be the reader's: only the spans in brackets are ClusterShell's (padding, steps).
"""

import re
from ipaddress import IPv4Address
from itertools import product

from ClusterShell.RangeSet import RangeSet, RangeSetException

MOST = 5000  # what Kubernetes supports; keeps a typo like [1-99999999] from filling the memory
PART = re.compile(r"(?:[^\[\],]|\[[^\[\]]*\])+")
PIECE = re.compile(r"\[([^\[\]]*)\]|([^\[\]]+)")
SPAN = re.compile(r"(\d{1,15})(?:-(\d{1,15})(?:/(\d{1,15}))?)?")


def names_of(pattern: str) -> list[str]:
    """`lab-w[1-2],lab-x` -> lab-w1, lab-w2, lab-x. ValueError says what is wrong with the pattern."""
    parts = PART.findall(pattern)
    if not parts or ",".join(parts) != pattern:
        raise ValueError(f"{pattern!r} is not a range")
    names = [name for part in parts for name in part_of(part)]
    if len(names) > MOST:
        raise ValueError(f"{pattern!r} means {len(names)} names; {MOST} is the most")
    return names


def addresses_of(pattern: str) -> list[IPv4Address]:
    """`10.77.0.[21-22]` -> two addresses. ValueError says what is wrong with the pattern."""
    return [address_of(name) for name in names_of(pattern)]


def address_of(text: str) -> IPv4Address:
    """Read one IPv4 address."""
    try:
        return IPv4Address(text)
    except ValueError:
        raise ValueError(f"{text!r} is not an IPv4 address") from None


def part_of(part: str) -> list[str]:
    """Expand what stands between two commas; several brackets count like digits, the last one fastest."""
    choices = [
        [number for span in inside.split(",") for number in numbers_of(span)] if text == "" else [text]
        for inside, text in PIECE.findall(part)
    ]
    size = 1
    for choice in choices:
        size *= len(choice)
    if size > MOST:
        raise ValueError(f"{part!r} means {size} names; {MOST} is the most")
    return ["".join(name) for name in product(*choices)]


def numbers_of(span: str) -> list[str]:
    """`01-10/3` -> 01, 04, 07, 10."""
    match = SPAN.fullmatch(span)
    if match is None:
        raise ValueError(f"'[{span}]' is not a range of numbers")
    first, last = int(match[1]), int(match[2] or match[1])
    if last - first >= MOST:
        raise ValueError(f"'[{span}]' means {last - first + 1} numbers; {MOST} is the most")
    try:
        return list(RangeSet(span).striter())
    except RangeSetException:
        raise ValueError(f"'[{span}]' is not a range of numbers") from None
