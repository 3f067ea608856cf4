"""A site of one node whose class has a layout."""

from pathlib import Path

import pytest
import yaml

from nightfleet.disks.conftest import VIRTIO
from nightfleet.site import Site
from nightfleet.site.load import parse_site


@pytest.fixture
def site() -> Site:
    """Return a site with node n1, three filesystems on a virtio disk."""
    network = {"nodes": "10.0.0.0/24", "pods": "10.1.0.0/16", "services": "10.2.0.0/16", "cni": "routed"}
    text = {
        "site": "s",
        "nodes": {"n1": {"address": "10.0.0.11", "roles": ["control_plane", "worker"], "class": "box"}},
        "classes": {"box": {"kind": "vm"}},
        "connection": {"user": "root", "key": "key"},
        "network": network,
        "disks": {"box": VIRTIO},
    }
    return parse_site(yaml.safe_dump(text).encode(), Path("site.yaml"))
