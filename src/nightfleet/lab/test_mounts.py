from pathlib import Path

from nightfleet.lab.mounts import Mount, parse_mountinfo

MOUNTINFO = """\
21 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
93 21 0:55 / /var/lib/nightfleet/lab/lab/hosts/a/root rw,relatime shared:7 - overlay nightfleet-lab rw
94 21 7:1 / /var/lib/nightfleet/lab/lab/hosts/a/mnt/my\\040disk rw,nodev - xfs /dev/loop1 rw,noquota
"""


def test_mounts_are_read_in_order_with_or_without_optional_fields() -> None:
    assert parse_mountinfo(MOUNTINFO) == [
        Mount(Path("/"), "ext4", "/dev/vda"),
        Mount(Path("/var/lib/nightfleet/lab/lab/hosts/a/root"), "overlay", "nightfleet-lab"),
        Mount(Path("/var/lib/nightfleet/lab/lab/hosts/a/mnt/my disk"), "xfs", "/dev/loop1"),
    ]
