"""nfs_volumes, checked by what the API server has."""

from collections.abc import Callable
from typing import Any

import pytest

from nightfleet.site import Node, Site
from nightfleet.site.disks import amount
from nightfleet.site.shares import source

Api = Callable[[str], Any]


def has_volumes(site: Site, _node: Node) -> bool:
    """Whether the site has volumes for pods."""
    return bool(site.nfs.volumes)


def has_classes(site: Site, _node: Node) -> bool:
    """Whether the site has classes for claims."""
    return bool(site.nfs.classes)


@pytest.mark.on("first_control_plane", when=has_volumes)
def test_every_volume_leads_to_its_share_and_waits_for_one_claim_alone(
    node: Node, site: Site, api: Api
) -> None:
    for name, volume in site.nfs.volumes.items():
        spec = api(f"/api/v1/persistentvolumes/{name}")["spec"]
        assert (spec["nfs"]["server"], spec["nfs"]["path"]) == source(site, volume), f"{name}, on {node.name}"
        assert (spec["claimRef"]["namespace"], spec["claimRef"]["name"]) == (volume.namespace, name)
        assert spec["persistentVolumeReclaimPolicy"] == "Retain", name
        assert amount(f"{spec['capacity']['storage']}B") == amount(volume.size)


@pytest.mark.on("first_control_plane", when=has_classes)
def test_every_class_leads_to_its_share_and_is_cached_as_the_site_says(
    node: Node, site: Site, api: Api
) -> None:
    for name, wished in site.nfs.classes.items():
        found = api(f"/apis/storage.k8s.io/v1/storageclasses/{name}")
        where = (found["parameters"]["server"], found["parameters"]["share"])
        assert where == source(site, wished), f"{name}, on {node.name}"
        assert ("fsc" in found["mountOptions"]) is wished.cache, name


@pytest.mark.on("first_control_plane", when=has_classes)
def test_the_driver_of_the_classes_is_installed(node: Node, api: Api) -> None:
    found = [item["metadata"]["name"] for item in api("/apis/storage.k8s.io/v1/csidrivers")["items"]]
    assert "nfs.csi.k8s.io" in found, f"no csi-driver-nfs: claims wait; its values lie on {node.name}"
