"""What base makes of a machine, and which machines it refuses."""

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploys.base.facts import Names, Swap
from deploys.base.plan import (
    BEGIN,
    END,
    FSTAB_SWAP,
    account_keys,
    kernel_steps,
    parse_kernel,
    plan,
    refusals,
    with_block,
)
from deploys.hostops.machine import Machine
from deploys.hostops.wanted import File
from nightfleet.site import Kind, Node, Site

Edited = Callable[..., Site]
Inventory = Callable[[str], Site]
# as hosts of the lab said it
KERNEL = """\
module=overlay
module=nf_tables
module=br_netfilter
module=nodev
sysctl=/proc/sys/net/ipv4/ip_forward=1
sysctl=/proc/sys/net/bridge/bridge-nf-call-iptables=1
account=nightfleet:x:997:997:nightfleet automation:/var/lib/nightfleet:/bin/sh
"""
HOSTS = """\
127.0.0.1 localhost
::1 localhost
10.77.0.21 lab-w1
# BEGIN nightfleet
10.77.0.11 lab-c1.lab.nightfleet.internal lab-c1
10.77.0.21 lab-w1.lab.nightfleet.internal lab-w1
10.77.0.22 lab-w2.lab.nightfleet.internal lab-w2
# END nightfleet
"""


def file(files: tuple[File, ...], path: str) -> File:
    return {file.path: file for file in files}[path]


def refused(machine: Machine, site: Site, node: Node, late: float = 0.0) -> list[str]:
    """Return the refusals of an operator whose clock is `late` seconds behind the machine's."""
    return refusals(machine, site, node, now=machine.clock - late)


# Refusals


def test_a_host_of_the_lab_is_taken(host_of_the_lab: Machine, lab: Site) -> None:
    assert [refused(host_of_the_lab, lab, node) for node in lab.fleet] == [[], [], []]


@pytest.mark.parametrize("name", ["campus", "rack", "openstack"])
def test_a_real_machine_is_taken_anywhere_else(name: str, server: Machine, inventory: Inventory) -> None:
    site = inventory(name)
    assert not any(refused(server, site, node) for node in site.fleet)


@pytest.mark.parametrize(
    ("late", "said"),
    [
        (61.5, "its clock is 62 s ahead of the operator's"),
        (-300.0, "its clock is 300 s behind the operator's"),
    ],
)
def test_a_wrong_clock_is_refused_with_the_way_out(
    late: float, said: str, host_of_the_lab: Machine, lab: Site
) -> None:
    (reason,) = refused(host_of_the_lab, lab, lab.fleet[0], late)
    assert said in reason
    assert "chronyc makestep" in reason


@pytest.mark.parametrize("late", [59.0, -59.0])
def test_a_clock_within_the_sites_limit_is_taken(late: float, host_of_the_lab: Machine, lab: Site) -> None:
    assert refused(host_of_the_lab, lab, lab.fleet[0], late) == []


def test_the_limit_is_the_sites(host_of_the_lab: Machine, edited: Edited) -> None:
    strict = edited("lab", ("base:\n", "base:\n  max_clock_skew: 5\n"))
    assert "more than 5 s" in refused(host_of_the_lab, strict, strict.fleet[0], 10)[0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param({"os": "fedora"}, "'fedora'; use Debian or Ubuntu", id="another system"),
        pytest.param({"systemd": False}, "process 1 is not systemd", id="no systemd"),
        pytest.param({"free": {"/": 100 << 20}}, "/ has 100 MiB free, needs 1024", id="a full root"),
        pytest.param(
            {"free": {"/": 1 << 40, "/var/lib/containerd": 1 << 30}},
            "/var/lib/containerd has 1024 MiB free, needs 2048",
            id="a full disk of images",
        ),
        pytest.param({"runtime": "/usr/bin/containerd"}, "as Docker does it", id="Docker"),
        pytest.param({"cgroup_v2": False}, "systemd.unified_cgroup_hierarchy=1", id="cgroup v1"),
    ],
)
def test_a_machine_is_refused_for(
    change: dict[str, object], said: str, server: Machine, inventory: Inventory
) -> None:
    site = inventory("rack")
    (reason,) = refused(replace(server, **change), site, site.fleet[0])  # type: ignore[arg-type]
    assert said in reason


def test_every_reason_is_given_at_once(server: Machine, inventory: Inventory) -> None:
    site = inventory("rack")
    wrong = replace(server, os="arch", cgroup_v2=False, free={"/": 0})
    assert len(refused(wrong, site, site.fleet[0], 100)) == 4


def test_swap_of_others_is_never_switched_off(server: Machine, edited: Edited) -> None:
    swapping = replace(server, swaps=("/dev/sda3",))
    for name, owner in (("campus", "day users"), ("lab", "the machine under this container")):
        site = edited(name, ("swap: keep ", "swap: off "))
        (reason,) = refused(swapping, site, site.fleet[-1])
        assert owner in reason
        assert "swap: keep" in reason
        site = edited(name)
        assert refused(swapping, site, site.fleet[-1]) == []


# Files


@pytest.mark.parametrize("name", ["lab", "campus", "rack", "openstack"])
def test_every_node_is_told_the_name_of_every_node(name: str, inventory: Inventory) -> None:
    site = inventory(name)
    hosts = plan(site, site.fleet[0]).hosts
    assert len(hosts) == len(site.fleet)
    last = site.fleet[-1]
    assert hosts[-1] == f"{last.address} {last.name}.{site.network.domain} {last.name}"
    assert {plan(site, node).hosts for node in site.fleet} == {hosts}


def test_modules_and_sysctls_persist_and_the_sites_own_are_among_them(inventory: Inventory) -> None:
    site = inventory("rack")
    wanted = plan(site, site.fleet[0])
    assert file(wanted.files, "/etc/modules-load.d/nightfleet.conf").content == "br_netfilter\noverlay\n"
    lines = file(wanted.files, "/etc/sysctl.d/90-nightfleet.conf").content.splitlines()
    persistent = dict(line.split(" = ") for line in lines)
    assert persistent == wanted.sysctls
    assert persistent["fs.inotify.max_user_instances"] == "1024"
    assert persistent["net.ipv4.ip_forward"] == "1"


def test_without_time_servers_the_first_control_plane_is_everybodys_clock(lab: Site) -> None:
    clocks = [file(plan(lab, node).files, "/etc/chrony/conf.d/nightfleet.conf").content for node in lab.fleet]
    assert clocks[0] == "local stratum 10\nallow 10.77.0.0/24\n"
    assert set(clocks[1:]) == {"server 10.77.0.11 iburst\nmakestep 1 3\n"}


def test_with_time_servers_every_node_follows_them(inventory: Inventory) -> None:
    site = inventory("rack")
    clocks = {
        file(plan(site, node).files, "/etc/chrony/conf.d/nightfleet.conf").content for node in site.fleet
    }
    assert clocks == {"server 10.50.0.1 iburst\nmakestep 1 3\n"}


def test_only_a_container_is_kept_from_setting_the_clock(lab: Site, inventory: Inventory) -> None:
    (drop_in,) = plan(lab, lab.fleet[0]).drop_ins
    assert "chronyd -x" in drop_in.content
    assert drop_in.path in plan(lab, lab.fleet[0]).units[0].reads
    rack = inventory("rack")
    assert plan(rack, rack.fleet[0]).drop_ins == ()


def test_a_borrowed_desktop_keeps_its_name_and_its_language(inventory: Inventory) -> None:
    campus = inventory("campus")
    desk, own = campus.fleet[-1], campus.fleet[0]
    assert (desk.machine.kind, own.machine.kind) == (Kind.DESKTOP, Kind.SERVER)
    paths = {file.path for file in plan(campus, desk).files}
    assert not {"/etc/hostname", "/etc/default/locale"} & paths
    assert plan(campus, desk).hostname == ""
    assert {"/etc/hostname", "/etc/default/locale"} <= {file.path for file in plan(campus, own).files}
    assert plan(campus, own).hostname == "server-1"


def test_a_borrowed_desktop_has_the_time_zone_of_the_site_file_when_there_is_one(edited: Edited) -> None:
    with_zone = edited("campus")
    wanted = plan(with_zone, with_zone.fleet[-1])
    assert file(wanted.files, "/etc/timezone").content == "Europe/Berlin\n"
    assert wanted.links[0].target == "/usr/share/zoneinfo/Europe/Berlin"
    silent = edited("campus", ("timezone:", "# timezone:"))
    wanted = plan(silent, silent.fleet[-1])
    assert "/etc/timezone" not in {file.path for file in wanted.files}
    assert wanted.links == ()


@pytest.mark.parametrize(("name", "policy"), [("campus", "keep"), ("lab", "none"), ("openstack", "security")])
def test_updates_follow_the_site(name: str, policy: str, inventory: Inventory) -> None:
    site = inventory(name)
    wanted = plan(site, site.fleet[0])
    written = {file.path: file.content for file in wanted.files if "apt.conf.d" in file.path}
    assert site.base.updates == policy
    assert ("unattended-upgrades" in wanted.packages) is (policy == "security")
    if policy == "keep":
        assert not written
        assert wanted.absent == ("/etc/apt/apt.conf.d/60nightfleet-upgrades",)
        return
    (content,) = written.values()
    assert f'Unattended-Upgrade "{1 if policy == "security" else 0}";' in content
    assert 'Automatic-Reboot "false";' in content
    held = re.findall(r'^    "(.*)";$', content, re.MULTILINE)
    assert held == ["^linux-image-.*$", "^nvidia-.*$", "^libnvidia-.*$"]


def test_the_account_may_look_and_visudo_agrees(lab: Site) -> None:
    wanted = plan(lab, lab.fleet[0])
    sudoers = file(wanted.files, "/etc/sudoers.d/nightfleet")
    assert (sudoers.mode, sudoers.owner) == (0o440, "root")
    assert "*" not in sudoers.content
    assert "\nnightfleet ALL=(root) NOPASSWD: NIGHTFLEET_LOOK\n" in sudoers.content
    if visudo := shutil.which("visudo", path="/usr/sbin:/usr/bin"):
        subprocess.run([visudo, "-c", "-f", "-"], input=sudoers.content, text=True, check=True)


def test_keys_are_lines_or_files_beside_the_site(edited: Edited, tmp_path: Path) -> None:
    (tmp_path / "keys.pub").write_text("# the night shift\nssh-ed25519 BBBB bob\n\n")
    keys = 'base:\n  account_keys: ["ssh-ed25519 AAAA alice", keys.pub]\n'
    site = edited("lab", ("base:\n", keys))
    assert account_keys(site) == ["ssh-ed25519 AAAA alice", "ssh-ed25519 BBBB bob"]
    authorized = file(plan(site, site.fleet[0]).files, "/var/lib/nightfleet/.ssh/authorized_keys")
    assert authorized.content == "ssh-ed25519 AAAA alice\nssh-ed25519 BBBB bob\n"


# What is in force


def test_a_host_that_is_as_it_should_be_needs_no_step() -> None:
    found = parse_kernel(KERNEL.splitlines())
    sysctls = {"net.ipv4.ip_forward": "1", "net.bridge.bridge-nf-call-iptables": "1"}
    assert kernel_steps(found, ["br_netfilter", "overlay"], sysctls, "nightfleet") == []


def test_only_what_differs_is_set() -> None:
    found = parse_kernel(KERNEL.replace("ip_forward=1", "ip_forward=0").splitlines()[1:-1])
    sysctls = {"net.ipv4.ip_forward": "1", "net.bridge.bridge-nf-call-iptables": "1", "vm.x": "a b"}
    assert kernel_steps(found, ["br_netfilter", "overlay", "nf-tables"], sysctls, "nightfleet") == [
        "modprobe overlay",
        "sysctl -q -w net.ipv4.ip_forward=1",
        "sysctl -q -w 'vm.x=a b'",
        "systemd-sysusers /etc/sysusers.d/nightfleet.conf",
    ]


def test_a_swap_line_of_fstab_becomes_a_comment_and_no_other_line_does() -> None:
    others = "UUID=1 / ext4 defaults 0 1\n# /old none swap sw 0 0\n/s swapdir ext4\n"
    fstab = f"{others}/swap.img\tnone\tswap\tsw\t0\t0\n"
    edit = f"s/^{FSTAB_SWAP}/#nightfleet# \\1/"
    done = subprocess.run(["sed", "-E", edit], input=fstab, text=True, check=True, capture_output=True).stdout
    assert done == fstab.replace("/swap.img", "#nightfleet# /swap.img")
    undone = subprocess.run(
        ["sed", "s/^#nightfleet# //"], input=done, text=True, check=True, capture_output=True
    )
    assert undone.stdout == fstab


def test_active_swap_and_fstab_are_told_apart() -> None:
    said = [
        "active=/dev/sda3                               partition\t8388604\t\t0\t\t-2",
        "fstab=/dev/sda3 none swap",
    ]
    assert Swap().parse(said) == (["/dev/sda3"], ["/dev/sda3 none swap"])


# /etc/hosts


def test_a_host_that_has_the_block_is_not_rewritten() -> None:
    name, found = Names().parse(["name=lab-w1", *HOSTS.splitlines()])
    assert (name, found) == ("lab-w1", HOSTS)
    assert with_block(found, HOSTS.splitlines()[4:7]) == HOSTS


def test_the_block_changes_where_it_stands() -> None:
    moved = HOSTS + "10.0.0.9 printer\n"
    assert with_block(moved, ["10.77.0.11 lab-c1"]) == (
        "127.0.0.1 localhost\n::1 localhost\n10.77.0.21 lab-w1\n"
        "# BEGIN nightfleet\n10.77.0.11 lab-c1\n# END nightfleet\n10.0.0.9 printer\n"
    )


def test_a_mark_without_its_counterpart_takes_none_of_the_owners_lines_along() -> None:
    damaged = f"127.0.0.1 localhost\n{BEGIN}\n10.0.0.9 printer\n"
    once = with_block(damaged, ["10.77.0.11 lab-c1"])
    assert "10.0.0.9 printer" in once
    assert with_block(once, ["10.77.0.11 lab-c1"]) == once


LINE = st.text(st.characters(exclude_characters="\n", exclude_categories=("Cs",))).filter(
    lambda line: line not in (BEGIN, END)
)
MARK = st.sampled_from([BEGIN, END])


@given(st.lists(LINE), st.lists(LINE), st.lists(LINE, max_size=3), st.lists(LINE, max_size=3))
def test_the_owners_lines_are_untouched(
    before: list[str], after: list[str], old: list[str], new: list[str]
) -> None:
    hosts = "".join(f"{line}\n" for line in [*before, BEGIN, *old, END, *after])
    assert with_block(hosts, new).split("\n")[:-1] == [*before, BEGIN, *new, END, *after]


@given(st.lists(LINE | MARK), st.lists(LINE, max_size=3))
def test_writing_the_block_twice_is_writing_it_once(lines: list[str], entries: list[str]) -> None:
    once = with_block("".join(f"{line}\n" for line in lines), entries)
    assert with_block(once, entries) == once


def test_an_empty_or_missing_file_gets_the_block_alone() -> None:
    assert with_block("", ["10.0.0.1 a"]) == f"{BEGIN}\n10.0.0.1 a\n{END}\n"
