"""Claims about what is asked of a cluster, and what it means when it cannot be asked."""

from pathlib import Path

import pytest

from nightfleet.cloud import look as module
from nightfleet.cloud.look import addresses, doors, look
from nightfleet.cloud.occupied import NO_CLUSTER
from nightfleet.site import Site
from nightfleet.site.load import load_before_it_is_made

NODES = """\
nodes:
  os-c1: {address: 10.0.0.11, roles: [control_plane, registry], class: box}
  os-w1: {address: 10.0.0.21, roles: [worker], class: box}
"""
TEXT = """\
site: small
cloud:
  directory: terraform
classes:
  box: {kind: vm}
connection: {user: debian, key: key}
network: {nodes: 10.0.0.0/24, pods: 10.1.0.0/16, services: 10.2.0.0/16, cni: routed}
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A site whose machines are made, and that has no kubeconfig here."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    path = tmp_path / "site.yaml"
    path.write_text(TEXT + NODES)
    return load_before_it_is_made(path)


def test_without_a_kubeconfig_and_without_an_answer_there_is_no_cluster_yet(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "who_answers", lambda _doors: "")
    assert look(site) is NO_CLUSTER


def test_a_cluster_of_somebody_else_is_not_taken_for_none(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "who_answers", lambda doors: doors[0])
    seen = look(site)
    assert (seen.none_yet, seen.pods, seen.members) == (False, None, None)
    assert "an API server answers at 10.0.0.11:6443, and there is no kubeconfig for it here" in seen.silent
    assert seen.control_planes == {"os-c1"}


def test_before_machines_are_made_nobody_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(module, "who_answers", lambda doors: doors[0])
    (tmp_path / "site.yaml").write_text(TEXT)
    assert look(load_before_it_is_made(tmp_path / "site.yaml")) is NO_CLUSTER


def test_the_api_is_looked_for_at_its_endpoint_and_at_every_control_plane(site: Site) -> None:
    assert doors(site) == ("10.0.0.11:6443",)
    apart = site.model_copy(
        update={"kubernetes": site.kubernetes.model_copy(update={"endpoint": "10.0.0.5:8443"})}
    )
    assert doors(apart) == ("10.0.0.5:8443", "10.0.0.11:6443")


def test_nodes_are_known_by_their_internal_address() -> None:
    said = [
        {"type": "InternalIP", "address": "10.0.0.21"},
        {"type": "ExternalIP", "address": "203.0.113.5"},
        {"type": "Hostname", "address": "os-w1"},
    ]
    assert addresses([{"metadata": {"name": "os-w1"}, "status": {"addresses": said}}]) == {
        "10.0.0.21": "os-w1"
    }
