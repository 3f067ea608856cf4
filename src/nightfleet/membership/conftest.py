"""A site of three control planes and three workers, and what a well cluster of it looks like."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from nightfleet.cluster.drain import DrainPlan, Pod
from nightfleet.cluster.etcd import Member
from nightfleet.cluster.nodes import NodeView
from nightfleet.membership.watched import Watched
from nightfleet.site import Site
from nightfleet.site.load import parse_site

SITE = """\
site: small
nodes:
  c[1-3]: {address: "10.0.0.[11-13]", roles: [control_plane], class: box}
  w[1-3]: {address: "10.0.0.[21-23]", roles: [worker], class: box}
  r1: {address: 10.0.0.31, roles: [registry], class: box}
classes:
  box: {kind: server}
connection: {user: root, key: key}
kubernetes: {endpoint: "10.0.0.10:6443"}
network:
  nodes: 10.0.0.0/24
  pods: 10.1.0.0/16
  services: 10.2.0.0/16
  cni: routed
"""
EMPTY = DrainPlan((), (), ())
Sick = Callable[..., Watched]


def view(name: str, ready: str = "True", cordoned: bool = False) -> NodeView:
    """Return a node as the API server has it."""
    plane = name.startswith("c")
    return NodeView(name, "", ready, "1.36.3", "containerd://2.3.4", "6.1", "boot", plane, cordoned, "")


def pod(name: str, owner: str = "ReplicaSet") -> Pod:
    """Return a pod of somebody."""
    return Pod("lab", name, name, owner, mirror=False, over=False)


@pytest.fixture
def site() -> Site:
    """Three control planes behind an address of their own, three workers, a registry."""
    return parse_site(SITE.encode(), Path("site.yaml"))


@pytest.fixture
def well(site: Site) -> Watched:
    """Every node Ready, every member healthy, a window open."""
    names = [node.name for node in site.fleet]
    members = tuple(Member(f"{n}", f"c{n}", "", healthy=True) for n in (1, 2, 3))
    return Watched({name: view(name) for name in names}, members)


@pytest.fixture
def sick(well: Watched) -> Sick:
    """Return the cluster with members that are not healthy and nodes that are not Ready."""

    def change(*names: str) -> Watched:
        members = tuple(replace(one, healthy=one.name not in names) for one in well.members)
        views = {
            name: replace(one, ready="False" if name in names else "True") for name, one in well.nodes.items()
        }
        return replace(well, members=members, nodes=views)

    return change
