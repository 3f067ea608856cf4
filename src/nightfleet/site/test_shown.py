"""Claims about `site show`."""

from pathlib import Path

import pytest

from nightfleet.site import load_site
from nightfleet.site.document import parse
from nightfleet.site.load import parse_site
from nightfleet.site.shown import Line, as_json, lines

INVENTORY = Path(__file__).resolve().parents[3] / "inventory"


def test_what_the_file_says_is_no_default_and_all_else_is(small: str) -> None:
    site = parse_site(small.encode(), Path("site.yaml"))
    found = list(lines(site))
    assert Line(1, "cni", "routed", False) in found
    assert Line(1, "cluster_domain", "cluster.local", True) in found
    assert Line(0, "base", "", True) in found
    assert Line(1, "updates", "security", True) in found
    assert Line(2, "nodefs.inodesFree", "5%", True) in found


@pytest.mark.parametrize("name", ["lab", "campus", "rack", "openstack"])
def test_what_is_shown_is_a_site_file_that_means_the_same(name: str) -> None:
    site = load_site(INVENTORY / name / "site.yaml")
    text = "\n".join(f"{'  ' * line.depth}{line.key}: {line.value}" for line in lines(site))
    assert not parse(text).faults
    again = parse_site(text.encode(), site.path)
    assert again.model_dump() == site.model_dump()
    assert again.fleet == site.fleet


def test_json_has_every_node_and_every_default() -> None:
    shown = as_json(load_site(INVENTORY / "lab" / "site.yaml"))
    assert shown["nodes"][1] == {
        "name": "lab-w1",
        "address": "10.77.0.21",
        "roles": ["worker"],
        "class": "host",
        "kind": "container",
        "kubernetes": "1.36.3",
        "pod_cidr": "10.78.21.0/24",
        "labels": {},
    }
    assert shown["values"]["kubernetes"]["eviction"]["imagefs.inodesFree"] == "5%"
    assert shown["values"]["nodes"]["lab-c1"]["class"] == "host"
