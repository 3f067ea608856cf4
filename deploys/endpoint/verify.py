"""endpoint, checked by where the address lies, and by whom one reaches through it."""

import csv
import json
from typing import Any

import pytest
from testinfra.host import Host

from nightfleet.site import Node, Role, Site


def shared(site: Site, _node: Node) -> bool:
    """Whether the control planes hold an address together."""
    return site.shared_endpoint.virtual_address is not None


pytestmark = pytest.mark.on("control_plane", when=shared)


def holders(reach: Any, site: Site) -> list[str]:
    """Return the control planes that carry the virtual address; unknown while one of them does not answer."""
    found = []
    for node in site.having(Role.CONTROL_PLANE):
        said = reach.host(node.name).run("ip -json -4 address show")
        carried = {one["local"] for link in json.loads(said.stdout) for one in link.get("addr_info", [])}
        if str(site.shared_endpoint.virtual_address) in carried:
            found.append(node.name)
    return found


@pytest.mark.within(30)  # it may just be moving
@pytest.mark.on("first_control_plane", when=shared)
def test_the_virtual_address_lies_on_exactly_one_control_plane(node: Node, reach: Any, site: Site) -> None:
    found = holders(reach, site)
    assert len(found) == 1, f"asked with {node.name}: it lies on {', '.join(found) or 'none'}"


@pytest.mark.within(30)
def test_its_haproxy_reaches_every_api_server(host: Host, site: Site) -> None:
    said = host.check_output(
        f"curl -sSf --max-time 10 'http://127.0.0.1:{site.shared_endpoint.port + 1}/stats;csv'"
    )
    rows = csv.DictReader(said.removeprefix("# ").splitlines())
    states = {row["svname"]: row["status"] for row in rows if row["pxname"] == "api"}
    down = [
        n.name for n in site.having(Role.CONTROL_PLANE) if not states.get(n.name, "none").startswith("UP")
    ]
    assert not down, f"not reached: {', '.join(down)}"


@pytest.mark.within(30)
def test_it_leads_to_a_ready_api_server_on_this_host_too(host: Host, node: Node, site: Site) -> None:
    url = f"https://{node.address}:{site.shared_endpoint.port}/readyz"
    said = host.run(f"curl -sk --max-time 10 {url}")
    assert said.stdout == "ok", said.stdout or said.stderr or "no answer"


def test_the_api_servers_certificate_is_good_for_the_address(host: Host, site: Site) -> None:
    said = host.run(
        f"curl -sS --max-time 10 --cacert /etc/kubernetes/pki/ca.crt https://{site.endpoint}/readyz"
    )
    assert said.stdout == "ok", said.stderr.strip() or said.stdout


def test_haproxy_serves_without_the_rights_of_root(host: Host) -> None:
    users = host.check_output("stat -c %U $(printf '/proc/%s ' $(pgrep -x haproxy))").split()
    assert "haproxy" in users, f"its workers run as {', '.join(users) or 'nobody'}"


def test_what_it_says_of_itself_is_for_its_own_host_alone(host: Host, site: Site) -> None:
    port = site.shared_endpoint.port + 1
    where = {line.split()[3] for line in host.check_output(f"ss -Hltn 'sport = :{port}'").splitlines()}
    assert where == {f"127.0.0.1:{port}"}


def test_the_packages_own_services_do_not_run(host: Host) -> None:
    for unit in ("haproxy", "keepalived"):
        assert host.check_output(f"systemctl show --value --property LoadState {unit}") == "masked"
