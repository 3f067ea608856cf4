"""disks, checked by what the kernel has mounted and by what kubelet says it counts."""

from collections.abc import Callable
from typing import Any

import pytest
from testinfra.host import Host

from nightfleet.disks.volume import LOGS, Wish
from nightfleet.site import Node, Site
from nightfleet.site.disks import MOUNTPOINTS, Purpose

Api = Callable[[str], Any]
KUBELET = (Purpose.IMAGEFS, Purpose.NODEFS)


def laid_out(site: Site, node: Node) -> bool:
    """Whether the class of the node has a layout."""
    return site.layout(node) is not None


def has(purpose: Purpose) -> Callable[[Site, Node], bool]:
    """Return whether a node's layout has a filesystem for this."""

    def is_there(site: Site, node: Node) -> bool:
        layout = site.layout(node)
        return layout is not None and purpose in layout.volumes

    return is_there


def mounted(site: Site, node: Node) -> dict[Purpose, str]:
    """Return the mount points of a node's layout, without /tmp, which may wait for a reboot."""
    layout = site.layout(node)
    wished = layout.volumes if layout else {}
    return {p: MOUNTPOINTS[p] for p in wished if MOUNTPOINTS[p] and p is not Purpose.TMP}


@pytest.mark.on(when=laid_out)
def test_every_filesystem_of_the_layout_is_mounted_and_is_this_nodes_own(
    host: Host, site: Site, node: Node
) -> None:
    layout = site.layout(node)
    assert layout is not None
    wish = Wish(site.site, node.name, layout)
    for purpose, where in mounted(site, node).items():
        said = host.check_output("findmnt --noheadings --output FSTYPE,UUID --mountpoint %s", where)
        assert said.split() == [wish.filesystem(purpose), wish.uuid(purpose)], where


@pytest.mark.on(when=laid_out)
def test_they_are_mounted_at_boot(host: Host, site: Site, node: Node) -> None:
    for where in mounted(site, node).values():
        unit = host.check_output("systemd-escape --path --suffix=mount %s", where)
        assert host.check_output("systemctl is-enabled %s", unit) == "enabled", unit


@pytest.mark.on(when=has(Purpose.NODEFS))
def test_logs_of_pods_lie_on_the_filesystem_of_kubelet(host: Host) -> None:
    kubelet, logs, root = host.check_output("stat -c %%d /var/lib/kubelet %s /", LOGS).split()
    assert kubelet == logs
    assert kubelet != root


@pytest.mark.on(when=has(Purpose.IMAGEFS))
def test_the_runtime_does_not_start_without_its_disk(host: Host) -> None:
    needs = host.check_output("systemctl show --value --property Requires containerd.service")
    assert "var-lib-containerd.mount" in needs.split()


@pytest.mark.on(when=has(Purpose.SWAP))
def test_swap_of_the_layout_is_in_use(host: Host, site: Site, node: Node) -> None:
    layout = site.layout(node)
    assert layout is not None
    uuid = Wish(site.site, node.name, layout).uuid(Purpose.SWAP)
    assert uuid in host.check_output("swapon --noheadings --show=UUID")


@pytest.mark.within(90)  # kubelet looks at its disks now and then
@pytest.mark.on(when=has(Purpose.NODEFS))
def test_kubelet_counts_the_filesystem_of_pods(host: Host, node: Node, api: Api) -> None:
    counted = api(f"/api/v1/nodes/{node.name}/proxy/stats/summary")["node"]["fs"]["capacityBytes"]
    assert counted == size(host, "/var/lib/kubelet")


@pytest.mark.within(90)
@pytest.mark.on(when=has(Purpose.IMAGEFS))
def test_kubelet_counts_the_filesystem_of_images(host: Host, node: Node, api: Api) -> None:
    summary = api(f"/api/v1/nodes/{node.name}/proxy/stats/summary")
    assert summary["node"]["runtime"]["imageFs"]["capacityBytes"] == size(host, "/var/lib/containerd")


@pytest.mark.on(when=has(Purpose.IMAGEFS))
def test_kubelet_throws_images_away_before_it_evicts_pods_for_them(host: Host, node: Node, api: Api) -> None:
    config = api(f"/api/v1/nodes/{node.name}/proxy/configz")["kubeletconfig"]
    whole = size(host, "/var/lib/containerd")
    begins = whole * (100 - config["imageGCHighThresholdPercent"]) / 100
    threshold = config["evictionHard"]["imagefs.available"]
    evicts = whole * float(threshold[:-1]) / 100 if threshold.endswith("%") else mebibytes(threshold)
    assert evicts < begins, f"GC begins at {begins:.0f} bytes free, eviction at {evicts:.0f}"


def size(host: Host, where: str) -> int:
    """Return what a filesystem has for files and metadata together, as statvfs(3) counts."""
    unit, blocks = host.check_output("stat -f -c '%%S %%b' %s", where).split()
    return int(unit) * int(blocks)


def mebibytes(amount: str) -> int:
    """`15360Mi` -> bytes; what a site file says in other units is taken as it stands."""
    factors = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
    return int(amount[:-2]) * factors[amount[-2:]] if amount[-2:] in factors else int(amount)
