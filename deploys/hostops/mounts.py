"""Letting go of network filesystems that are mounted otherwise than the site says."""

import shlex
from collections.abc import Iterable
from pathlib import Path

LET_GO = (Path(__file__).parent / "templates" / "let_go.sh").read_text(encoding="utf-8")  # a shell function


def let_go(places: Iterable[str]) -> str:
    """Return the script that unmounts these, or names who holds them and fails."""
    return f"{LET_GO}\nlet_go {' '.join(map(shlex.quote, places))}"
