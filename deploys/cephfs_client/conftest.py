"""What tests of the shares have in common: the lab's site with two of them, and nodes that can mount."""

from collections.abc import Callable

from deploys.cephfs_client.plan import Found, Wanted, plan
from nightfleet.site import Site

Edited = Callable[..., Site]
KEY = "AQD0000000000BAAAAAAAAAAAAAAAAAAAAAAAA=="
KEYS = {"team": KEY, "data": KEY}
FUSE, KERNEL = Found(fuse=True), Found(kernel=True, fuse=True)
FSID = "0f0e0d0c-1111-2222-3333-444455556666"
SHARES = """cephfs:
  monitors: [10.0.9.1, 10.0.9.2]
  shares:
    team: {path: /team, at: /srv/ceph-fs/team, client: team, keyring: team.keyring}
    data: {path: /data, at: /srv/ceph-fs/data, client: data, keyring: k, read_only: true, cache: true}
lab:   """


def with_shares(edited: Edited, *edits: tuple[str, str]) -> Site:
    """Return the lab's site with two shares."""
    return edited("lab", ("lab:   ", SHARES), *edits)


def wanted(site: Site, found: Found) -> Wanted:
    return plan(site, site.node("lab-w1"), found, KEYS)
