"""nfs_client, checked by what the kernel has mounted after somebody looked, never without a limit of time."""

import pytest
from testinfra.host import Host

from nightfleet.mounted import Mounted, read_mounts
from nightfleet.site import Node, Site
from nightfleet.site.nfs import Mount
from nightfleet.site.shares import mounts_of, source


def mounts_shares(site: Site, node: Node) -> bool:
    """Whether the node mounts anything."""
    return bool(mounts_of(site, node))


pytestmark = pytest.mark.on(when=mounts_shares)


def mounted(host: Host, site: Site, node: Node) -> list[tuple[Mount, Mounted]]:
    """Look at every share, and return what the kernel then has at its place."""
    wished = list(mounts_of(site, node).values())
    for mount in wished:
        said = host.run("timeout -k 1 40 ls -d %s/.", mount.at)
        assert said.rc == 0, f"{mount.at} does not answer: {said.stderr.strip() or 'no word in 40 s'}"
    found = {
        one.where: one for one in read_mounts(host.check_output("cat /proc/self/mountinfo").splitlines())
    }
    return [(mount, found[mount.at]) for mount in wished if mount.at in found]


@pytest.mark.within(20)
def test_every_share_answers_and_is_the_one_that_the_site_names(host: Host, site: Site, node: Node) -> None:
    seen = mounted(host, site, node)
    assert len(seen) == len(mounts_of(site, node))
    for mount, there in seen:
        assert there.source == ":".join(source(site, mount)), mount.at


def test_shares_wait_for_their_server_and_carry_no_devices_or_set_uid(
    host: Host, site: Site, node: Node
) -> None:
    for mount, there in mounted(host, site, node):
        lacking = {"hard", "nodev", "nosuid", "proto=tcp", f"vers={mount.version}"} - there.options
        assert not lacking, f"{mount.at} is mounted without {', '.join(sorted(lacking))}"
        assert ("ro" in there.options) is mount.read_only, mount.at


def test_no_boot_waits_for_a_server(host: Host, site: Site, node: Node) -> None:
    for mount in mounts_of(site, node).values():
        name = host.check_output("systemd-escape --path %s", mount.at)
        assert host.check_output("systemctl is-enabled %s.automount", name) == "enabled"
        wanted = host.run(
            "systemctl show --value --property WantedBy,RequiredBy %s.mount", name
        ).stdout.split()
        assert not wanted, f"{name}.mount is wanted by {', '.join(wanted)}"
