"""egress, checked another way: a whole answer over HTTP, where the deploy only opened a connection."""

import pytest
from testinfra.host import Host

from nightfleet.site import Node, Site


def made_by_terraform(site: Site, _node: Node) -> bool:
    """Whether its machines are in somebody's cloud; elsewhere a depot may be up only while it is needed."""
    return site.cloud is not None and site.artifacts.depot is not None


pytestmark = pytest.mark.on("worker", when=made_by_terraform)


def test_the_depot_answers_over_http(host: Host, site: Site) -> None:
    code = host.check_output(
        "curl -sS -o /dev/null -w '%%{http_code}' --max-time 10 %s", site.artifacts.depot
    )
    assert code != "000", f"{site.artifacts.depot} does not answer"
