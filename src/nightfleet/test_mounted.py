"""Claims about mounts, on lines as kernels print them."""

from nightfleet.mounted import ceph_twice, read_idles, read_mounts, read_volumes, uncached

DATA = (
    "99 28 0:52 / /mnt/data rw,nosuid,nodev,noatime shared:50 - nfs4 10.96.0.11:/srv/nfs/data"
    " rw,vers=4.2,rsize=1048576,wsize=1048576,namlen=255,hard,fsc,proto=tcp,nconnect=4,timeo=600,sec=sys"
)
PLAIN = DATA.replace(",fsc", "")
ROOT = "28 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw"
VOLUMES = ["NV SERVER   PORT DEV          FSID                              FSC"]
ON = [*VOLUMES, "v4 0a60000b  801 0:52         5d2b1c8a:9f3e          yes"]
OFF = [*VOLUMES, "v4 0a60000b  801 0:52         5d2b1c8a:9f3e          no"]
FSID = "6f1e0c6e-0000-4000-8000-000000000001"
CEPH = f"120 28 0:60 / /mnt/c rw - ceph team@{FSID}.cephfs=/team rw,name=team,secret=<hidden>,fsc,acl"


def reasons(lines: list[str], volumes: list[str]) -> list[str]:
    return list(uncached(["/mnt/data"], read_mounts(lines), read_volumes(volumes)))


def test_only_network_filesystems_are_read_with_all_their_options() -> None:
    (mount,) = read_mounts([ROOT, DATA])
    assert (mount.where, mount.source, mount.device) == ("/mnt/data", "10.96.0.11:/srv/nfs/data", "0:52")
    assert (mount.value("vers"), mount.value("nconnect"), mount.cached) == ("4.2", "4", True)
    assert "nodev" in mount.options


def test_spaces_in_paths_are_read() -> None:
    assert read_mounts([DATA.replace("/mnt/data", "/mnt/my\\040data")])[0].where == "/mnt/my data"


def test_the_idle_time_of_an_automount_is_the_one_that_it_runs_with() -> None:
    automount = "35 28 0:33 / /mnt/data rw shared:9 - autofs systemd-1 rw,fd=48,pgrp=1,timeout=600,direct"
    assert read_idles([ROOT, automount, DATA]) == {"/mnt/data": 600}


def test_a_mount_whose_cache_is_on_is_well() -> None:
    assert reasons([DATA], ON) == []


def test_fsc_without_a_cache_is_told_though_it_mounts_without_a_word() -> None:
    assert reasons([DATA], OFF) == [
        "/mnt/data is mounted with fsc, and the kernel says FSC no: does cachefilesd run?"
    ]


def test_a_mount_that_came_first_without_fsc_is_named() -> None:
    first = PLAIN.replace("/mnt/data", "/var/lib/kubelet/pods/7/volumes/kubernetes.io~nfs/data")
    (reason,) = reasons([first, PLAIN], OFF)
    assert "shares its superblock with /var/lib/kubelet/pods/7/" in reason


def test_a_mount_without_fsc_is_told_when_it_is_alone() -> None:
    assert reasons([PLAIN], OFF) == ["/mnt/data was mounted without fsc; unmount it once"]


def test_what_is_not_mounted_now_is_nobodys_fault() -> None:
    assert reasons([ROOT], VOLUMES) == []


def test_the_second_mount_of_a_cephfs_with_the_same_cache_is_told() -> None:
    other = CEPH.replace("/mnt/c", "/mnt/d").replace("=/team", "=/other")
    (reason,) = ceph_twice(read_mounts([CEPH, other]))
    assert reason.startswith("/mnt/d and /mnt/c are mounts of one CephFS")
    assert list(ceph_twice(read_mounts([CEPH, other.replace(",fsc", ",fsc=d")]))) == []
    assert list(ceph_twice(read_mounts([CEPH, other.replace(FSID, FSID[:-1] + "2")]))) == []


def test_the_older_way_to_name_a_cephfs_is_understood() -> None:
    old = CEPH.replace(f"team@{FSID}.cephfs=/team", "10.0.0.1:6789,10.0.0.2:6789:/team")
    again = old.replace("/mnt/c", "/mnt/d").replace(":/team", ":/other")
    assert len(list(ceph_twice(read_mounts([old, again])))) == 1
