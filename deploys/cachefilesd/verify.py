"""cachefilesd, checked by the kernel's own numbers: a cache that is bound, and counters that move."""

import re
import shlex
from pathlib import Path

import pytest
from testinfra.host import Host

from nightfleet.mounted import ceph_twice, read_mounts, read_volumes, uncached
from nightfleet.site import Node, Site
from nightfleet.site.shares import cached_on, mounts_of

MOVES = (Path(__file__).parent / "templates" / "moves.sh").read_text(encoding="utf-8")


def places(site: Site, node: Node) -> list[str]:
    """Return where the node mounts with a cache."""
    return [mount.at for mount in mounts_of(site, node).values() if mount.cache]


def mounts_cached(site: Site, node: Node) -> bool:
    """Whether any of its own mounts is cached."""
    return bool(places(site, node))


pytestmark = pytest.mark.on(when=cached_on)


def test_the_kernel_has_a_cache_in_use(host: Host) -> None:
    caches = host.check_output("cat /proc/fs/fscache/caches").splitlines()
    assert any(line.rstrip().endswith("mycache") for line in caches), caches


def test_the_daemon_runs_with_its_limits(host: Host) -> None:
    assert host.check_output("pgrep -c -x cachefilesd") == "1"
    limits = dict(re.findall(r"^(b\w+) (\d+)%", host.check_output("cat /etc/cachefilesd.conf"), re.MULTILINE))
    assert int(limits["bstop"]) < int(limits["bcull"]) < int(limits["brun"])


@pytest.mark.on(when=mounts_cached)
def test_the_kernel_says_fsc_yes_for_every_mount_that_should_be_cached(
    host: Host, site: Site, node: Node
) -> None:
    for where in places(site, node):
        assert host.run("timeout -k 1 20 ls -d %s/.", where).rc == 0, f"{where} does not answer"
    mounts = read_mounts(host.check_output("cat /proc/self/mountinfo").splitlines())
    volumes = read_volumes(host.check_output("cat /proc/fs/nfsfs/volumes").splitlines())
    assert {mount.where for mount in mounts} >= set(places(site, node))
    faults = [*uncached(places(site, node), mounts, volumes), *ceph_twice(mounts)]
    assert not faults, "; ".join(faults)


@pytest.mark.on(when=mounts_cached)
def test_reading_a_file_moves_the_counters_of_the_cache(host: Host, site: Site, node: Node) -> None:
    """A file that nobody reads now is looked for; in an empty share the claim cannot be made."""
    for where in places(site, node):
        said = host.check_output(f"{MOVES}\nmoves {shlex.quote(where)}")
        assert said != "unread", f"{where} holds no file to read anew: put one there, and ask again"
        assert said == "moved", f"reading a file of {where} went past the cache"
