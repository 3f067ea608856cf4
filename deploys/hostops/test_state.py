"""What hosts of the lab said, as they said it (Debian 12, systemd 252), and what is read from it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from deploys.hostops.machine import Machine, parse_machine
from deploys.hostops.state import parse_packages, parse_paths, parse_units

PATHS = """\
f	644	root	root	1795431269.3067389020		/etc/hostname
l	777	root	root	1795431285.8962940690	/opt/nightfleet/kubelet/1.36.3-8d299959/kubelet	/usr/local/bin/kubelet
d	755	root	root	1795431285.3962940510		/opt/nightfleet
f	440	root	root	1795431274.4870923480		/etc/sudoers.d/nightfleet
c	666	root	root	1795431269.4848637060		/dev/null
43178f078a27d0ab17f3d0a8897f70d84215e8bd50db80e99d8814462d10f5ed  /etc/hostname
b72bc2218dbfbed2aacddeb36f5f597b3c73b2c43d08e9e09bfd06d0f3e2b138  /etc/sudoers.d/nightfleet
"""  # noqa: E501
UNITS = """\
ExecMainStartTimestamp=Mon 2026-11-23 10:54:37.405103 UTC
Id=containerd.service
LoadState=loaded
ActiveState=active
SubState=running
UnitFileState=enabled
NeedDaemonReload=no

ExecMainStartTimestamp=
Id=docker-registry.service
LoadState=masked
ActiveState=inactive
SubState=dead
UnitFileState=masked
NeedDaemonReload=no

ExecMainStartTimestamp=
Id=nothing.service
LoadState=not-found
ActiveState=inactive
SubState=dead
UnitFileState=
NeedDaemonReload=no

Id=dbus.socket
LoadState=loaded
ActiveState=active
SubState=running
UnitFileState=static
NeedDaemonReload=no

ExecMainStartTimestamp=Mon 2026-11-23 11:09:02.117448 UTC
Id=crashing.service
LoadState=loaded
ActiveState=activating
SubState=auto-restart
UnitFileState=disabled
NeedDaemonReload=yes
"""
MACHINE = (Path(__file__).parent / "recorded" / "machine.txt").read_text(encoding="utf-8")


def machine(*edits: tuple[str, str]) -> Machine:
    text = MACHINE
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    return parse_machine(text.splitlines())


def test_a_file_is_told_from_a_link_a_folder_and_a_device() -> None:
    found = parse_paths(PATHS.splitlines())
    assert [state.kind for state in found.values()] == ["f", "l", "d", "f", "c"]
    sudoers = found["/etc/sudoers.d/nightfleet"]
    assert (sudoers.mode, sudoers.owner, sudoers.group) == (0o440, "root", "root")
    assert sudoers.sha256.startswith("b72bc221")
    kubelet = found["/usr/local/bin/kubelet"]
    assert kubelet.target == "/opt/nightfleet/kubelet/1.36.3-8d299959/kubelet"
    assert kubelet.changed == pytest.approx(1795431285.896294)


def test_a_file_that_vanishes_while_it_is_asked_for_has_no_sum() -> None:
    assert parse_paths(PATHS.splitlines()[:1])["/etc/hostname"].sha256 == ""


def test_units_are_read_block_by_block() -> None:
    units = parse_units(UNITS.splitlines())
    assert len(units) == 5
    containerd = units["containerd.service"]
    assert (containerd.loaded, containerd.active, containerd.enabled) == (True, True, True)
    started = datetime(2026, 11, 23, 10, 54, 37, 405103, UTC)
    assert containerd.started == started.timestamp()


def test_a_masked_and_an_unknown_unit_are_not_loaded() -> None:
    units = parse_units(UNITS.splitlines())
    for name in ("docker-registry.service", "nothing.service"):
        assert not units[name].loaded
        assert not units[name].active
        assert units[name].started is None


def test_a_socket_has_no_process_to_be_stale() -> None:
    socket = parse_units(UNITS.splitlines())["dbus.socket"]
    assert (socket.active, socket.enabled, socket.started) == (True, True, None)


def test_a_service_that_crashes_again_and_again_does_not_count_as_running() -> None:
    assert not parse_units(UNITS.splitlines())["crashing.service"].active


def test_only_fully_installed_packages_count() -> None:
    output = "chrony\tii \t4.3-2+deb12u3\nhalf\tiF \t1.0\ngone\trc \t2.0\ncurl\tii \t7.88.1-10+deb12u15\n"
    assert parse_packages(output.splitlines()) == {"chrony": "4.3-2+deb12u3", "curl": "7.88.1-10+deb12u15"}


def test_a_lab_host_has_cgroup_v1_and_may_not_raise_limits() -> None:
    host = machine()
    assert (host.os, host.arch, host.cgroup_v2, host.may_raise_limits) == ("debian", "amd64", False, False)
    assert host.free["/var/lib/kubelet"] == 1016688 * 4096
    assert host.swaps == ()


def test_a_real_machine_has_cgroup_v2_and_all_capabilities() -> None:
    host = machine(("tmpfs", "cgroup2fs"), ("1fffeffffff", "1ffffffffff"))
    assert host.cgroup_v2
    assert host.may_raise_limits


def test_swap_devices_are_named() -> None:
    line = "swap=/dev/sda3                               partition\t8388604\t\t0\t\t-2"
    assert parse_machine([*MACHINE.splitlines(), line]).swaps == ("/dev/sda3",)


@pytest.mark.parametrize("key", ["os", "clock", "capabilities", "free"])
def test_an_answer_that_makes_no_sense_is_an_error_of_that_host(key: str) -> None:
    output = [f"{key}=x" if line.startswith(key) else line for line in MACHINE.splitlines()]
    if key == "os":
        output = output[1:]
    with pytest.raises((ValueError, KeyError)):  # HostFact fails the host on these, and on no others
        parse_machine(output)
