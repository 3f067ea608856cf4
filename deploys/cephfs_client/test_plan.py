"""What a node gets for its shares, what speaks against it, and what Kubernetes is told."""

from dataclasses import replace
from typing import Any

import kubernetes_validate
import pytest
import yaml
from jsonschema import Draft202012Validator

from deploys.cephfs_client.conftest import FSID, FUSE, KERNEL, KEY, Edited, wanted, with_shares
from deploys.cephfs_client.facts import Ceph, Moving
from deploys.cephfs_client.plan import CONF, FIRST_LINE, MARK, Found, Mounted, refusals
from deploys.cephfs_client.volumes import volumes
from nightfleet.errors import NightfleetError
from nightfleet.site import Site
from nightfleet.site.cephfs import key_of


def content(site: Site, found: Found, name: str) -> str:
    """Return one of the files by the end of its path."""
    (file,) = [file for file in wanted(site, found).files if file.path.endswith(name)]
    return file.content


def options(unit: str) -> list[str]:
    return unit.partition("\nOptions=")[2].partition("\n")[0].split(",")


# What mounts


def test_a_kernel_without_ceph_mounts_by_fuse_and_needs_no_more_packages(edited: Edited) -> None:
    site = with_shares(edited)
    assert wanted(site, FUSE).packages == ("ceph-fuse",)
    unit = content(site, FUSE, "team.mount")
    assert "\nWhat=none\n" in unit
    assert "\nType=fuse.ceph\n" in unit
    assert {"ceph.name=client.team", "ceph.client_mountpoint=/team", "ceph.client_fs=cephfs"} <= set(
        options(unit)
    )


def test_a_kernel_with_ceph_mounts_by_itself_with_the_key_named_by_its_file(edited: Edited) -> None:
    site = with_shares(edited)
    assert wanted(site, KERNEL).packages == ("ceph-common",)
    unit = content(site, KERNEL, "team.mount")
    assert "\nWhat=10.0.9.1:6789,10.0.9.2:6789:/team\n" in unit
    assert {"name=team", "secretfile=/etc/ceph/ceph.client.team.secret", "mds_namespace=cephfs"} <= set(
        options(unit)
    )


def test_the_site_may_decide_against_the_kernels_client(edited: Edited) -> None:
    site = with_shares(edited, ("  monitors:", "  driver: fuse\n  monitors:"), (", cache: true", ""))
    assert wanted(site, KERNEL).packages == ("ceph-fuse",)


def test_no_key_stands_anywhere_but_in_files_for_root_alone(edited: Edited) -> None:
    for found in (FUSE, KERNEL):
        holders = [file for file in wanted(with_shares(edited), found).files if KEY in file.content]
        assert holders
        assert {file.mode for file in holders} == {0o600}


def test_a_boot_waits_for_nobody(edited: Edited) -> None:
    site = with_shares(edited)
    units = wanted(site, FUSE).units
    assert {unit.name for unit in units if unit.start} == {
        "srv-ceph\\x2dfs-team.automount",
        "srv-ceph\\x2dfs-data.automount",
    }
    for file in wanted(site, FUSE).files:
        if file.path.endswith(".mount"):
            assert "[Install]" not in file.content
            assert "TimeoutSec=35" in file.content


def test_only_reading_is_mounted_so(edited: Edited) -> None:
    site = with_shares(edited)
    assert "ro" in options(content(site, FUSE, "data.mount"))
    assert "ro" not in options(content(site, FUSE, "team.mount"))


def test_one_cache_needs_no_name_and_several_have_one_each(edited: Edited) -> None:
    site = with_shares(edited)
    assert "fsc" in options(content(site, KERNEL, "data.mount"))
    both = with_shares(edited, ("team.keyring}", "team.keyring, cache: true}"))
    assert "fsc=data" in options(content(both, KERNEL, "data.mount"))
    assert "fsc=team" in options(content(both, KERNEL, "team.mount"))


def test_fuse_is_asked_for_no_cache(edited: Edited) -> None:
    assert not [one for one in options(content(with_shares(edited), FUSE, "data.mount")) if "fsc" in one]


def test_a_class_that_is_not_named_mounts_nothing(edited: Edited) -> None:
    site = with_shares(edited, ("client: team,", "client: team, classes: [host],"))
    assert set(site.cephfs.of_class("host")) == {"team", "data"}
    assert set(site.cephfs.of_class("other")) == {"data"}


def test_the_list_of_our_files_names_each_one_in_a_folder_that_is_not_ours(edited: Edited) -> None:
    files = wanted(with_shares(edited), KERNEL).files
    listed = next(file.content for file in files if file.path == MARK).split()
    assert listed == [file.path for file in files if file.path.startswith("/etc/ceph/")]


# What speaks against it


def why(site: Site, found: Found) -> str:
    return " / ".join(refusals(site, site.node("lab-w1"), found))


def test_nothing_speaks_against_a_node_that_was_never_asked_and_one_that_mounts_already(
    edited: Edited,
) -> None:
    site = with_shares(edited)
    again = replace(
        KERNEL,
        conf=FIRST_LINE,
        mounts=(
            Mounted("/srv/ceph-fs/data", "autofs", "rw"),
            Mounted("/srv/ceph-fs/data", "ceph", "ro,name=data,fsc"),
        ),
    )
    assert [why(site, found) for found in (FUSE, KERNEL, again)] == ["", "", ""]


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        pytest.param(Found(), "no /dev/fuse", id="no-client"),
        pytest.param(replace(FUSE, conf="[global]"), f"{CONF} is not ours", id="a-ceph-of-its-own"),
        pytest.param(
            replace(FUSE, mounts=(Mounted("/srv/ceph-fs/team", "nfs4", "rw"),)),
            "carries nfs4",
            id="another-mount",
        ),
        pytest.param(replace(FUSE, filled=("/srv/ceph-fs/team",)), "is not empty", id="data-in-its-place"),
        pytest.param(
            replace(KERNEL, mounts=(Mounted("/mnt", "ceph", "rw,name=x,fsc,acl"),)),
            "/mnt is a mount",
            id="fsc-twice",
        ),
    ],
)
def test_what_is_in_the_way_is_told(edited: Edited, found: Found, reason: str) -> None:
    assert reason in why(with_shares(edited), found)


def test_a_cache_of_another_name_is_in_nobodys_way(edited: Edited) -> None:
    foreign = replace(KERNEL, mounts=(Mounted("/mnt", "ceph", "rw,name=x,fsc=mine"),))
    assert why(with_shares(edited), foreign) == ""


def test_a_kernel_that_is_asked_for_and_lacks_ceph_is_told(edited: Edited) -> None:
    site = with_shares(edited, ("  monitors:", "  driver: kernel\n  monitors:"))
    assert "the kernel has no ceph" in why(site, FUSE)


def test_a_nodes_answer_is_read() -> None:
    said = [
        "fuse=yes",
        f"conf={FIRST_LINE}",
        "ours=/etc/ceph/ceph.conf",
        "there=/etc/ceph/ceph.conf",
        "unit=srv-team.automount",
        "mount=ceph-fuse /srv/team fuse.ceph-fuse rw,nosuid,nodev,user_id=0,group_id=0,allow_other 0 0",
        "filled=/srv/data",
    ]
    found = Ceph().parse(said)
    assert (found.kernel, found.fuse, found.conf, found.filled) == (False, True, FIRST_LINE, ("/srv/data",))
    assert found.ours == found.there == ("/etc/ceph/ceph.conf",)
    assert (found.mounts[0].at, found.mounts[0].kind) == ("/srv/team", "fuse.ceph-fuse")


def test_the_cache_is_proven_where_the_kernel_mounts_with_one(edited: Edited) -> None:
    site = with_shares(edited)
    assert wanted(site, KERNEL).cached == ("/srv/ceph-fs/data",)
    assert wanted(site, FUSE).cached == ()
    said = ["moved /srv/a", "unread /srv/b c"]
    assert Moving().parse(said) == {"/srv/a": "moved", "/srv/b c": "unread"}


# Keys


def test_a_key_is_read_as_ceph_prints_it() -> None:
    printed = f'[client.team]\n\tkey = {KEY}\n\tcaps mds = "allow rw fsname=cephfs path=/team"\n'
    assert key_of(printed, "team", "f") == KEY


@pytest.mark.parametrize(
    "text", ["", "[client.other]\nkey = x\n", "[client.team]\nkey = hunter2!\n", "hunter2"]
)
def test_what_is_no_keyring_is_told_and_never_shown(text: str) -> None:
    with pytest.raises(NightfleetError) as caught:
        key_of(text, "team", "f")
    assert "hunter2" not in str(caught.value)


# Kubernetes


def objects(site: Site, name: str) -> list[dict[str, Any]]:
    (file,) = [file for file in volumes(site) if file.path.endswith(f"/{name}.yaml")]
    return [each for each in yaml.safe_load_all(file.content) if each]


def with_csi(edited: Edited) -> Site:
    return with_shares(
        edited,
        ("  monitors:", f"  fsid: {FSID}\n  csi: {{mount_options: [fsc]}}\n  monitors:"),
        ("client: team,", "client: team, classes: [host],"),
    )


@pytest.mark.parametrize("version", ["1.36", "1.35"])
def test_the_objects_are_what_the_api_server_expects(version: str, edited: Edited) -> None:
    site = with_csi(edited)
    found = [each for name in ("volumes", "csi-storage-class", "csi-volumes") for each in objects(site, name)]
    assert [each["kind"] for each in found] == [
        *["PersistentVolume"] * 2,
        "StorageClass",
        *["PersistentVolume"] * 2,
    ]
    for each in found:
        kubernetes_validate.validate(each, version, strict=True)


def test_a_volume_is_for_many_and_never_removed_with_its_claim(edited: Edited) -> None:
    team, data = objects(with_csi(edited), "volumes")
    assert team["spec"]["accessModes"] == ["ReadWriteMany"]
    assert data["spec"]["accessModes"] == ["ReadOnlyMany"]
    assert {each["spec"]["persistentVolumeReclaimPolicy"] for each in (team, data)} == {"Retain"}
    assert team["spec"]["hostPath"]["path"] == "/srv/ceph-fs/team"


def test_pods_go_where_the_share_is_mounted(edited: Edited) -> None:
    team, data = objects(with_csi(edited), "volumes")
    (term,) = team["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"]
    assert term["matchExpressions"] == [{"key": "nightfleet/class", "operator": "In", "values": ["host"]}]
    assert "nodeAffinity" not in data["spec"]


# of what these values set, as charts/ceph-csi-cephfs/values.yaml has it
CHART = {
    "type": "object",
    "additionalProperties": False,
    "required": ["csiConfig"],
    "properties": {
        "csiConfig": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["clusterID", "monitors"],
                "properties": {
                    "clusterID": {"type": "string", "maxLength": 36},
                    "monitors": {"type": "array", "items": {"type": "string"}, "minItems": 1},
                    "cephFS": {"type": "object", "properties": {"subvolumeGroup": {"type": "string"}}},
                },
            },
        },
        "provisioner": {"type": "object", "properties": {"replicaCount": {"type": "integer", "minimum": 1}}},
        "storageClass": {"type": "object", "properties": {"create": {"type": "boolean"}}},
        "secret": {"type": "object", "properties": {"create": {"const": False}}},
        "kubeletDir": {"type": "string"},
    },
}


def test_the_values_fit_the_chart_and_the_class_means_the_same_cluster(edited: Edited) -> None:
    site = with_csi(edited)
    (values,), (storage,) = objects(site, "csi-values"), objects(site, "csi-storage-class")
    assert not list(Draft202012Validator(CHART).iter_errors(values))
    assert values["csiConfig"][0]["monitors"] == ["10.0.9.1:6789", "10.0.9.2:6789"]
    assert values["csiConfig"][0]["clusterID"] == storage["parameters"]["clusterID"] == FSID


def test_a_static_volume_of_the_driver_leads_to_the_shares_path(edited: Edited) -> None:
    team, _ = objects(with_csi(edited), "csi-volumes")
    assert team["spec"]["csi"]["volumeAttributes"]["rootPath"] == "/team"
    assert team["spec"]["csi"]["volumeAttributes"]["staticVolume"] == "true"
    assert team["spec"]["csi"]["nodeStageSecretRef"]["name"] == "csi-cephfs-team"


def test_without_the_driver_there_are_only_volumes_and_without_shares_nothing(
    edited: Edited, lab: Site
) -> None:
    assert [file.path for file in volumes(with_shares(edited))] == ["/etc/nightfleet/cephfs/volumes.yaml"]
    assert volumes(lab) == ()
