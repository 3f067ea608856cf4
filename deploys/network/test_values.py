"""The values for Cilium, rendered for the sites that use it, fit the chart's own types."""

import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from deploys.network.plan import values
from nightfleet.site import Cni, load_site

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads(Path(__file__).with_name("cilium-values.schema.json").read_text(encoding="utf-8"))
SITES = [
    path
    for path in sorted((ROOT / "inventory").glob("*/site.yaml"))
    if load_site(path).network.cni is Cni.CILIUM
]


@pytest.mark.parametrize("path", SITES, ids=lambda path: path.parent.name)
def test_the_values_of_every_cilium_site_fit_the_chart(path: Path) -> None:
    faults = list(Draft202012Validator(SCHEMA).iter_errors(yaml.safe_load(values(load_site(path)))))
    assert not faults, faults


def test_more_than_one_real_site_uses_cilium() -> None:
    assert len(SITES) >= 2


def test_the_pod_network_of_the_site_is_the_one_that_cilium_hands_out() -> None:
    site = load_site(SITES[0])
    ipam = yaml.safe_load(values(site))["ipam"]["operator"]
    assert ipam["clusterPoolIPv4PodCIDRList"] == [str(site.network.pods)]
