"""What a check is given: the site, the node, and ways to ask."""

from collections.abc import Callable
from typing import Any

import pytest
from testinfra.host import Host

from nightfleet.site import Node, Site
from nightfleet.verify.reach import Reach

REACH = pytest.StashKey[Reach]()


@pytest.fixture(scope="session")
def reach(pytestconfig: pytest.Config) -> Reach:
    """The nodes of the site: `reach.host(name)` is another node's testinfra host."""
    return pytestconfig.stash[REACH]


@pytest.fixture(scope="session")
def site(reach: Reach) -> Site:
    """The site that is checked."""
    return reach.site


@pytest.fixture
def host(reach: Reach, node: Node) -> Host:
    """testinfra on the node."""
    return reach.host(node.name)


@pytest.fixture
def api(reach: Reach) -> Callable[[str], Any]:
    """`api("/api/v1/nodes")`: what the API server answers; the same question is asked once."""
    return reach.api
