"""A cluster of three control planes and four workers at 1.35.4, as it would be observed."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from nightfleet.cluster.etcd import Member
from nightfleet.cluster.nodes import NodeView
from nightfleet.site import Role, Site
from nightfleet.site.load import parse_site
from nightfleet.upgrade.observed import STATIC, Host, Observed

TEXT = """\
site: small
nodes:
  c[1-3]: {address: "10.0.0.[11-13]", roles: [control_plane], class: box}
  r1: {address: 10.0.0.9, roles: [registry], class: box}
  w[1-4]: {address: "10.0.0.[21-24]", roles: [worker], class: box}
classes:
  box: {kind: server}
connection: {user: root, key: key}
artifacts: {kubernetes: 1.36.3}
maintenance: {at_once: 3, windows: ["Mon-Fri 22:00-05:00"]}
network:
  nodes: 10.0.0.0/24
  pods: 10.1.0.0/16
  services: 10.2.0.0/16
  cni: routed
"""
NIGHT = datetime(2026, 11, 25, 23, 0, tzinfo=UTC)  # a Wednesday
NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
Edited = Callable[..., Site]


def make_site(*edits: tuple[str, str]) -> Site:
    text = TEXT
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    return parse_site(text.encode(), Path("site.yaml"))


def view(name: str, version: str = "1.35.4", **more: Any) -> NodeView:
    """Return a node that is well."""
    plane = name.startswith("c")
    base = NodeView(name, "", "True", version, "containerd://2.3.4", "6.1", "", plane, False, "")
    return replace(base, **more)


def host(name: str, version: str = "1.35.4", **more: Any) -> Host:
    """Return a host with room."""
    versions = {"kubelet": version, "kubeadm": version, "containerd": "2.3.4", "runc": "1.4.3"}
    if name.startswith("c"):
        versions |= dict.fromkeys(STATIC, version)
    return replace(Host(name, versions, dict.fromkeys(("/", "/var/lib/containerd"), 50 << 30)), **more)


def observe(site: Site, **more: Any) -> Observed:
    """Return what there is to see of a healthy cluster at 1.35.4, by night."""
    names = [node.name for node in site.fleet]
    planes = [node.name for node in site.having(Role.CONTROL_PLANE)]
    base = Observed(
        moment=NIGHT,
        api_version="1.35.4",
        nodes={name: view(name) for name in names},
        hosts={name: host(name) for name in names},
        members=tuple(Member(name, name, "", True) for name in planes),
    )
    return replace(base, **more)


@pytest.fixture
def site() -> Site:
    """Three control planes, a registry, four workers, three at once, at night."""
    return make_site()


@pytest.fixture
def edited() -> Edited:
    """Return the site after edits, each (old, new)."""
    return make_site
