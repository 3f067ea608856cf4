"""Claims about what disks puts on a host beside filesystems: units that mount them, fitting thresholds."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from deploys.disks.plan import DROP_IN, MARK, UNITS, Wanted, escaped, plan, refusals
from nightfleet.disks.conftest import VIRTIO, machine, on
from nightfleet.disks.plan import plan as plan_disks
from nightfleet.disks.volume import Wish
from nightfleet.site import Node, Site
from nightfleet.site.load import parse_site

SITE: dict[str, Any] = {
    "site": "s",
    "nodes": {"n1": {"address": "10.0.0.11", "roles": ["control_plane", "worker"], "class": "box"}},
    "classes": {"box": {"kind": "vm", "swap": "keep"}},
    "connection": {"user": "root", "key": "key"},
    "network": {
        "nodes": "10.0.0.0/24",
        "pods": "10.1.0.0/16",
        "services": "10.2.0.0/16",
        "cni": "routed",
    },
}


def site_with(layout: dict[str, Any], **more: Any) -> tuple[Site, Node]:
    """Return a site of one node whose class has this layout."""
    text = yaml.safe_dump({**SITE, "disks": {"box": layout}, **more})
    site = parse_site(text.encode(), Path("site.yaml"))
    return site, site.node("n1")


def wanted(name: str, layout: dict[str, Any], **more: Any) -> Wanted:
    """Return what a recorded machine gets."""
    site, node = site_with(layout, **more)
    found = machine(name)
    model = site.layout(node)
    assert model is not None
    return plan(site, node, found, plan_disks(found, Wish("s", "n1", model)))


def content(found: Wanted, path: str) -> str:
    """Return a file's content."""
    return next(file.content for file in found.files if file.path == path)


def test_each_filesystem_has_a_unit_and_pods_logs_follow_their_filesystem() -> None:
    found = wanted("blank", VIRTIO)
    names = [unit.name for unit in found.units]
    assert names == ["var-lib-containerd.mount", "var-lib-kubelet.mount", "scratch.mount"]
    assert found.logs
    assert found.logs.name == "var-log-pods.mount"


def test_a_disk_is_mounted_by_an_identity_that_lasts() -> None:
    unit = content(wanted("blank", VIRTIO), f"{UNITS}/var-lib-containerd.mount")
    assert "What=/dev/disk/by-uuid/" in unit
    assert "/dev/vd" not in unit.split("[Unit]")[1]
    assert "Options=defaults,prjquota\n" in unit


def test_the_runtime_and_kubelet_do_not_run_without_their_disks() -> None:
    found = wanted("blank", VIRTIO)
    imagefs = content(found, f"{UNITS}/var-lib-containerd.mount")
    assert "RequiredBy=containerd.service\n" in imagefs
    assert "Before=containerd.service\n" in imagefs
    assert "RequiredBy=containerd.service kubelet.service\n" in content(found, f"{UNITS}/var-log-pods.mount")
    assert "RequiredBy" not in content(found, f"{UNITS}/scratch.mount")


def test_logs_of_pods_are_bound_from_the_filesystem_of_kubelet() -> None:
    logs = content(wanted("blank", VIRTIO), f"{UNITS}/var-log-pods.mount")
    assert "What=/var/lib/kubelet/nightfleet-log-pods\nWhere=/var/log/pods\nType=none\nOptions=bind\n" in logs


def test_an_image_file_is_mounted_by_a_loop_device() -> None:
    place = {"folder": "/var/lib/nightfleet/disks", "space": "50GiB"}
    unit = content(
        wanted("windows-bitlocker", on(place, imagefs="rest")), f"{UNITS}/var-lib-containerd.mount"
    )
    assert "What=/var/lib/nightfleet/disks/imagefs.img\n" in unit
    assert "loop" in unit


def test_swap_is_named_as_systemd_names_it() -> None:
    found = wanted("blank", on({"serial": "NIGHT0001"}, swap="16GiB"))
    (unit,) = found.units
    assert unit.name.startswith("dev-disk-by\\x2duuid-")
    assert unit.name.endswith(".swap")
    assert escaped("/var/lib/my disks") == "var-lib-my disks"


def test_a_new_tmp_waits_for_the_next_boot_and_asks_for_it() -> None:
    found = wanted("blank", on({"serial": "NIGHT0001"}, tmp="16GiB"))
    assert [(unit.name, unit.start) for unit in found.units] == [("tmp.mount", False)]
    assert found.reboot == ("/tmp gets a filesystem of its own",)


def test_kubelet_is_told_thresholds_for_the_sizes_that_the_disks_have() -> None:
    told = yaml.safe_load(content(wanted("blank", VIRTIO), DROP_IN))
    assert told["evictionHard"]["imagefs.available"] == "6144Mi"
    assert told["evictionHard"]["nodefs.available"] == "2048Mi"
    assert (told["imageGCHighThresholdPercent"], told["imageGCLowThresholdPercent"]) == (75, 65)


def test_without_images_or_pods_on_disks_of_their_own_kubelet_is_told_nothing() -> None:
    found = wanted("blank", on({"serial": "NIGHT0001"}, scratch="rest"))
    assert [file.path for file in found.files] == [f"{UNITS}/scratch.mount", MARK]
    assert found.absent == (DROP_IN,)


def test_thresholds_that_contradict_each_other_are_refused() -> None:
    kubernetes = {"image_gc_high": 90, "eviction": {"imagefs.available": "20Gi"}}
    site, node = site_with(VIRTIO, kubernetes=kubernetes)
    model = site.layout(node)
    assert model is not None
    planned = plan_disks(machine("blank"), Wish("s", "n1", model))
    (reason,) = refusals(planned, plan(site, node, machine("blank"), planned))
    assert "before image GC begins" in reason


@pytest.mark.parametrize(
    ("layout", "packages"),
    [
        pytest.param(VIRTIO, ("fdisk", "xfsprogs"), id="disk"),
        pytest.param(on({"volume_group": "vg0"}, swap="50%"), ("lvm2",), id="swap-in-a-group"),
        pytest.param(on({"folder": "/srv", "space": "9GiB"}, scratch="rest"), ("xfsprogs",), id="folder"),
    ],
)
def test_only_tools_for_what_is_laid_out_are_installed(
    layout: dict[str, Any], packages: tuple[str, ...]
) -> None:
    assert wanted("blank", layout).packages == packages


def test_nothing_in_a_file_changes_with_the_names_of_a_boot_or_with_the_size_of_a_disk() -> None:
    rest = {**VIRTIO, "scratch": {"on": "disk", "size": "rest"}}
    before, after = wanted("finished", rest), wanted("grown-disk", rest)
    assert before.files == after.files
    assert not any("vdb" in file.content for file in before.files)


def test_the_second_run_wants_the_very_same_files() -> None:
    assert wanted("blank", VIRTIO).files == wanted("finished", VIRTIO).files
