"""Recorded machines: the one this was built on, an Ubuntu server, and what can be wrong with either."""

from dataclasses import replace
from pathlib import Path

import pytest

from nightfleet.errors import Exit, NightfleetError
from nightfleet.lab.cgroups import CgroupFacts
from nightfleet.lab.layout import Layout
from nightfleet.lab.machine import CAPABILITY_NUMBERS, Interface, LabFacts, Route
from nightfleet.lab.packages import NEEDED, missing
from nightfleet.lab.preflight import Verdict, check
from nightfleet.lab.spec import HostSpec, LabSpec

LAB = LabSpec(
    "lab", "nf-lab", "10.77.0.1/24", (HostSpec("lab-c1", "10.77.0.11"), HostSpec("lab-w1", "10.77.0.21"))
)
LAYOUT = Layout("lab")
ALL = frozenset(CAPABILITY_NUMBERS)
UBUNTU = LabFacts(
    distribution="ubuntu",
    codename="noble",
    root=True,
    cgroups=CgroupFacts(2, (Path("/sys/fs/cgroup"),), systemd=True),
    capabilities=ALL,
    memory_available_gib=29.8,
    state_free_gib=180.0,
    state_filesystem="ext2/ext3",
    open_files_limit=1048576,
    filesystems=frozenset({"overlay", "xfs", "ext4"}),
    loop_devices=True,
    kernel_modules=True,
    packages=frozenset(NEEDED),
    interfaces=(
        Interface("lo", networks=("127.0.0.0/8",)),
        Interface("enp1s0", mac="52:54:00:12:34:56", networks=("192.168.1.0/24",)),
    ),
    routes=(Route("192.168.1.0/24", "enp1s0"),),
    dropping_chains=frozenset(),
)
SANDBOX = replace(
    UBUNTU,
    distribution="debian",
    codename="bookworm",
    cgroups=CgroupFacts(1, tuple(Path("/sys/fs/cgroup", name) for name in ("cpu", "memory")), systemd=False),
    capabilities=ALL - {"sys_resource"},
    open_files_limit=20000,
    kernel_modules=False,
)


def whats(facts: LabFacts, spec: LabSpec = LAB) -> list[str]:
    return [problem.what for problem in check(spec, facts, LAYOUT).problems]


def test_an_ubuntu_server_with_cgroup_v2_is_ready() -> None:
    assert check(LAB, UBUNTU, LAYOUT) == Verdict("lab", (), ())
    assert not UBUNTU.restricted_oom


def test_a_sandbox_with_cgroup_v1_and_few_rights_is_ready_with_four_notes() -> None:
    verdict = check(LAB, SANDBOX, LAYOUT)
    assert verdict.problems == ()
    assert [warning.split(":")[0] for warning in verdict.warnings] == [
        "cgroup v1",
        "no CAP_SYS_RESOURCE",
        "at most 20000 open files per process; Kubernetes likes 65536",
        "no /lib/modules for this kernel",
    ]
    assert SANDBOX.restricted_oom


DOCKER_BRIDGE = Interface("docker0", "bridge", "02:42:9c:00:00:01", networks=("10.77.0.0/16",))


@pytest.mark.parametrize(
    ("facts", "problem"),
    [
        pytest.param(
            replace(UBUNTU, capabilities=ALL - {"sys_admin"}), "root lacks the capabilities sys_admin", id="c"
        ),
        pytest.param(
            replace(UBUNTU, distribution="fedora"), "needs Debian or Ubuntu, this is 'fedora'", id="fedora"
        ),
        pytest.param(
            replace(UBUNTU, filesystems=frozenset({"overlay"})), "this kernel has no xfs", id="no-xfs"
        ),
        pytest.param(replace(UBUNTU, loop_devices=False), "no loop devices", id="no-loop"),
        pytest.param(
            replace(UBUNTU, state_filesystem="overlayfs"), "lies on overlayfs", id="inside-a-container"
        ),
        pytest.param(
            replace(UBUNTU, memory_available_gib=1.2),
            "1.2 GiB of memory are available, the hosts need 2.0",
            id="mem",
        ),
        pytest.param(
            replace(UBUNTU, state_free_gib=5.0),
            "5.0 GiB of disk are free at /var/lib/nightfleet/lab/lab",
            id="disk",
        ),
        pytest.param(
            replace(UBUNTU, interfaces=(Interface("nf-lab", "bridge", "52:54:00:00:00:01"),)),
            "interface 'nf-lab' exists and is not this lab's",
            id="busy-bridge",
        ),
        pytest.param(
            replace(UBUNTU, interfaces=(DOCKER_BRIDGE,)),
            "the lab's addresses 10.77.0.0/24 overlap with 10.77.0.0/16 at docker0",
            id="docker-has-the-addresses",
        ),
        pytest.param(
            replace(UBUNTU, routes=(Route("10.0.0.0/8", "tun0"),)),
            "overlap with 10.0.0.0/8 at tun0",
            id="vpn",
        ),
    ],
)
def test_what_is_wrong_is_told_with_a_way_out(facts: LabFacts, problem: str) -> None:
    (found,) = check(LAB, facts, LAYOUT).problems
    assert problem in found.what
    assert found.hint


def test_without_root_nothing_else_is_judged() -> None:
    assert whats(replace(UBUNTU, root=False, filesystems=frozenset())) == ["only root can boot hosts"]


def test_its_own_bridge_is_no_clash_and_a_running_lab_needs_no_room_again() -> None:
    bridge = Interface("nf-lab", "bridge", LAYOUT.mac, LAYOUT.mark, networks=("10.77.0.0/24",))
    port = Interface("vb-lab-lab-c1", "veth", master="nf-lab")
    mine = replace(UBUNTU, interfaces=(bridge, port), routes=(Route("10.77.0.0/24", "nf-lab"),))
    assert whats(mine) == []
    assert whats(replace(mine, memory_available_gib=0.3, state_free_gib=2)) == []


def test_all_problems_come_in_one_error() -> None:
    verdict = check(LAB, replace(UBUNTU, memory_available_gib=0.5, loop_devices=False), LAYOUT)
    with pytest.raises(NightfleetError) as raised:
        verdict.raise_if_refused()
    assert "no loop devices" in raised.value.what
    assert "GiB of memory" in raised.value.what
    assert raised.value.exit_code == Exit.REFUSED


def test_disks_that_may_outgrow_the_machine_are_a_warning() -> None:
    (warning,) = check(LAB, replace(UBUNTU, state_free_gib=20.0), LAYOUT).warnings
    assert warning == "the hosts' disks may grow to 24 GiB, 20 are free"


def test_firewalls_that_drop_are_told_apart_by_whether_the_lab_can_pass() -> None:
    facts = replace(UBUNTU, dropping_chains=frozenset({"ip filter FORWARD", "inet firewalld filter_FORWARD"}))
    assert [warning.split(": ")[1] for warning in check(LAB, facts, LAYOUT).warnings] == [
        "let nf-lab pass, or hosts may reach nothing",
        "a rule lets nf-lab pass while the lab is there",
    ]


def test_missing_packages_are_those_not_installed() -> None:
    assert missing(replace(UBUNTU, packages=frozenset(NEEDED) - {"debootstrap", "skopeo"})) == (
        "debootstrap",
        "skopeo",
    )
