"""A small site, and what is wrong with it after an edit."""

from collections.abc import Callable
from pathlib import Path

import pytest

from nightfleet.site.faults import SiteError
from nightfleet.site.load import parse_site

Faults = Callable[..., list[str]]
Edit = tuple[str, str]

SMALL = """\
site: small
nodes:
  c1: {address: 10.0.0.11, roles: [control_plane, registry], class: box}
  w[1-2]: {address: "10.0.0.[21-22]", roles: [worker], class: box}
classes:
  box: {kind: server}
connection: {user: root, key: key}
network:
  nodes: 10.0.0.0/24
  pods: 10.1.0.0/16
  services: 10.2.0.0/16
  cni: routed
"""


@pytest.fixture
def small() -> str:
    """A site without faults, of 12 lines."""
    return SMALL


@pytest.fixture
def faults() -> Faults:
    """Apply edits to the small site, add text below, and return what is wrong as `LINE: WHAT`."""

    def find(*edits: Edit, add: str = "") -> list[str]:
        text = SMALL + add
        for old, new in edits:
            assert old in text
            text = text.replace(old, new)
        try:
            parse_site(text.encode(), Path("site.yaml"))
        except SiteError as error:
            return [f"{fault.line}: {fault.what}" for fault in error.faults]
        return []

    return find
