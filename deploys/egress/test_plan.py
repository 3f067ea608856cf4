"""Claims about what a node must reach, and why it is refused."""

import subprocess
from collections.abc import Callable

import pytest

from deploys.egress.plan import RELEASES, TEMPLATES, Attempt, Targets, read_attempts, reasons, targets
from nightfleet.site import Site

Inventory = Callable[[str], Site]
WANTED = Targets(("http://depot.example:8477",), "192.168.60.11")
WELL = (
    Attempt("name", "depot.example"),
    Attempt("source", "http://depot.example:8477"),
    Attempt("path", "192.168.60.11"),
)


def test_a_site_with_a_depot_needs_no_release_sites(lab: Site) -> None:
    assert targets(lab, lab.node("lab-w1")).urls == (lab.artifacts.depot,)


def test_without_a_depot_nodes_need_the_release_sites(inventory: Inventory) -> None:
    site = inventory("openstack")
    assert targets(site, site.node("os-w01")) == Targets(RELEASES, "192.168.60.11")


def test_only_the_registry_needs_upstream_registries(inventory: Inventory) -> None:
    site = inventory("openstack")
    extra = set(targets(site, site.node("os-registry")).urls) - set(RELEASES)
    assert extra == {"https://registry.k8s.io", "https://registry-1.docker.io"}


def test_a_machine_that_reaches_everything_is_not_refused() -> None:
    assert reasons(WANTED, WELL) == []


def test_a_name_that_does_not_resolve_is_one_reason() -> None:
    tried = (
        Attempt("name", "depot.example", "no address"),
        Attempt("source", "http://depot.example:8477", "its name does not resolve"),
    )
    (reason,) = reasons(WANTED, tried)
    assert reason.startswith("depot.example does not resolve")


def test_a_source_that_does_not_answer_names_rules_and_proxies() -> None:
    tried = (WELL[0], Attempt("source", "http://depot.example:8477", "no answer within 10 s"))
    (reason,) = reasons(WANTED, tried)
    assert "egress rules" in reason


def test_large_packets_that_are_lost_name_the_mtu() -> None:
    tried = (*WELL[:2], Attempt("path", "192.168.60.11", "1500 bytes from ens3 are lost, small ones are not"))
    (reason,) = reasons(WANTED, tried)
    assert "set the network's MTU" in reason


def test_a_path_that_could_not_be_tried_is_no_reason() -> None:
    assert reasons(WANTED, WELL[:2]) == []


def test_an_answer_that_was_cut_off_is_no_good_news() -> None:
    (reason,) = reasons(WANTED, ())
    assert "was not tried" in reason


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/", "http://nobody.invalid/"])
def test_the_script_says_why_a_source_is_not_reached(url: str) -> None:
    said = subprocess.run(
        ["sh", TEMPLATES / "try.sh", "127.0.0.1", url], capture_output=True, text=True, check=True
    )
    tried = {one.what: one for one in read_attempts(said.stdout.splitlines()) if one.kind == "source"}
    assert tried[url].said
