"""Claims about what is mounted otherwise than the site says."""

from dataclasses import replace

import pytest

from deploys.cephfs_client.astray import astray
from deploys.cephfs_client.conftest import FSID, FUSE, KERNEL, Edited, wanted, with_shares
from deploys.cephfs_client.plan import Found, Mounted
from nightfleet.site import Site

LIVE = Mounted(
    "/srv/ceph-fs/data",
    "ceph",
    "ro,nosuid,nodev,relatime,name=data,secret=<hidden>,fsc,acl,mds_namespace=cephfs,mount_timeout=30",
    "10.0.9.1:6789,10.0.9.2:6789:/data",
)
TOOL = (
    "ceph-fuse --client_fs=cephfs --client_mountpoint=/data --name=client.data /srv/ceph-fs/data -o ro,nodev"
)


def other(site: Site, client: Found, mount: Mounted, runs: str = "") -> list[str]:
    """Return what is mounted otherwise, under an automount."""
    found = replace(client, mounts=(Mounted(mount.at, "autofs", "rw"), mount), runs=(runs,))
    return astray(wanted(site, found), found)


def test_what_is_mounted_as_the_site_says_is_left_alone(edited: Edited) -> None:
    site = with_shares(edited)
    assert other(site, KERNEL, LIVE) == []
    assert other(site, KERNEL, replace(LIVE, source=f"data@{FSID}.cephfs=/data")) == []
    assert other(site, KERNEL, replace(LIVE, options=LIVE.options.replace("fsc", "fsc=data"))) == []
    fuse = replace(LIVE, kind="fuse.ceph-fuse", options="ro,nosuid,nodev", source="ceph-fuse")
    assert other(site, FUSE, fuse, TOOL) == other(site, FUSE, fuse) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("fsc,", "", id="without-its-cache"),
        pytest.param("ro,", "rw,", id="writable"),
        pytest.param("name=data", "name=team", id="another-client"),
    ],
)
def test_what_is_mounted_otherwise_is_found(edited: Edited, old: str, new: str) -> None:
    assert other(with_shares(edited), KERNEL, replace(LIVE, options=LIVE.options.replace(old, new))) == [
        LIVE.at
    ]


def test_another_folder_and_another_client_program_are_found(edited: Edited) -> None:
    site = with_shares(edited)
    assert other(site, KERNEL, replace(LIVE, source="10.0.9.1:6789:/other/data")) == [LIVE.at]
    fuse = replace(LIVE, kind="fuse.ceph-fuse", options="ro,nosuid,nodev", source="ceph-fuse")
    assert other(site, KERNEL, fuse) == [LIVE.at]
    assert other(site, FUSE, fuse, TOOL.replace("client.data", "client.team")) == [LIVE.at]
