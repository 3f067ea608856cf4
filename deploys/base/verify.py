"""base, checked by what the running system does with what was written."""

import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from testinfra.host import Host

from nightfleet.site import Kind, Node, Site

ACCOUNT_MAY = "/usr/sbin/nft list ruleset"
ACCOUNT_MAY_NOT = (
    "/bin/sh",
    "/usr/bin/systemctl stop kubelet",
    "/usr/local/bin/ctr --namespace k8s.io tasks kill x",
)


def ours(_site: Site, node: Node) -> bool:
    """A borrowed desktop keeps what its owner gave it."""
    return node.machine.kind is not Kind.DESKTOP


@pytest.mark.on(when=ours)
def test_it_answers_to_its_own_name(host: Host, node: Node) -> None:
    assert host.check_output("uname -n") == node.name


def test_it_finds_every_node_by_name(host: Host, site: Site) -> None:
    names = [name for node in site.fleet for name in (node.name, f"{node.name}.{site.network.domain}")]
    ask = f"for name in {' '.join(names)}; do echo $name $(getent ahostsv4 $name | awk '{{print $1}}'); done"
    found = {words[0]: words[1:] for words in map(str.split, host.check_output(ask).splitlines())}
    lost = [name for name in names if str(site.node(name.split(".")[0]).address) not in found.get(name, [])]
    assert not lost, f"another address or none for {', '.join(lost)}"


def test_an_address_leads_back_to_its_node(host: Host, node: Node) -> None:
    assert node.name in host.check_output(f"getent hosts {node.address}").split()[1:]


def test_its_clock_agrees_with_the_operators(host: Host, site: Site) -> None:
    before = time.time()
    there = float(host.check_output("date +%s.%N"))
    after = time.time()
    skew = max(before - there, there - after, 0.0)
    assert skew <= site.base.max_clock_skew, f"its clock is {skew:.0f} s off the operator's"


def test_chronyd_follows_a_clock(host: Host) -> None:
    tracking = host.check_output("chronyc -c tracking").split(",")
    stratum, leap = int(tracking[2]), tracking[-1].strip()
    assert leap != "Not synchronised", "chronyd has found no time source"
    assert 0 < stratum < 16, f"stratum {stratum}"


def follows_control_plane(site: Site, node: Node) -> bool:
    """Without time servers of its own, a site's clock is the first control plane's."""
    return not site.base.time_servers and node.name != site.first_control_plane.name


@pytest.mark.on(when=follows_control_plane)
def test_its_time_comes_from_the_first_control_plane(host: Host, site: Site) -> None:
    sources = [line.split(",") for line in host.check_output("chronyc -n -c sources").splitlines()]
    chosen = [source[2] for source in sources if source[1] == "*"]
    assert chosen == [str(site.first_control_plane.address)], f"chosen: {chosen or 'none'}"


@pytest.mark.on(when=follows_control_plane)
def test_it_serves_time_to_nobody(host: Host) -> None:
    assert not host.check_output("ss -Hlnu 'sport = :123'"), "chronyd answers on port 123"


def test_kernel_settings_are_in_force_and_will_be_after_a_boot(host: Host, site: Site) -> None:
    wanted = {"net.ipv4.ip_forward": "1", "net.bridge.bridge-nf-call-iptables": "1", **site.base.sysctls}
    now = host.check_output(f"sysctl {' '.join(wanted)}")
    assert dict(line.split(" = ") for line in now.splitlines()) == wanted
    # what systemd-sysctl reads at boot: the last word on a key counts
    assigned = host.check_output("systemd-analyze cat-config sysctl.d | grep -E '^[^#;]*='")
    at_boot = dict(map(str.strip, line.split("=", 1)) for line in assigned.splitlines())
    assert {key: at_boot.get(key) for key in wanted} == wanted


def test_bridged_packets_and_layered_file_systems_work(host: Host) -> None:
    assert "overlay" in host.check_output("cat /proc/filesystems").split()
    assert host.file("/proc/sys/net/bridge").is_directory


@pytest.mark.on(when=lambda _site, node: node.machine.kind is not Kind.CONTAINER)
def test_modules_are_loaded_at_boot(host: Host) -> None:
    listed = host.check_output("systemd-analyze cat-config modules-load.d").split()
    assert {"br_netfilter", "overlay"} <= set(listed)


@pytest.mark.on(when=lambda _site, node: node.machine.swap == "off")
def test_there_is_no_swap_now_nor_after_a_boot(host: Host) -> None:
    assert host.check_output("swapon --show --noheadings") == ""
    units = host.check_output("systemctl list-units --all --type=swap --no-legend --plain --state=loaded")
    assert not units, f"systemd would activate {units.split()[0]}"


@pytest.mark.on(when=lambda site, node: ours(site, node) or "timezone" in site.base.model_fields_set)
def test_it_tells_the_time_of_its_zone(host: Host, site: Site) -> None:
    moment = datetime(2026, 7, 1, 12, tzinfo=UTC)  # summer, where there is one
    here = moment.astimezone(ZoneInfo(site.base.timezone)).strftime("%H:%M %z")
    assert host.check_output(f"date -d @{int(moment.timestamp())} '+%H:%M %z'") == here


@pytest.mark.on(when=lambda site, node: ours(site, node) or "locale" in site.base.model_fields_set)
def test_its_locale_exists(host: Host, site: Site) -> None:
    said = host.run("unset LC_ALL LANG; . /etc/default/locale; export LANG; locale charmap")
    assert (said.rc, said.stderr) == (0, ""), f"{site.base.locale}: {said.stderr.strip()}"


@pytest.mark.on(when=lambda site, _node: site.base.updates != "keep")
def test_apt_updates_itself_as_the_site_says(host: Host, site: Site) -> None:
    # what apt makes of all its files together
    dump = host.check_output("apt-config dump APT::Periodic; apt-config dump Unattended-Upgrade")
    lines = dump.splitlines()
    enabled = 1 if site.base.updates == "security" else 0
    assert f'APT::Periodic::Unattended-Upgrade "{enabled}";' in lines
    assert 'Unattended-Upgrade::Automatic-Reboot "false";' in lines
    held = [line for line in lines if line.startswith("Unattended-Upgrade::Package-Blacklist::")]
    assert len(held) >= len(site.base.hold)


def test_the_account_may_look(host: Host, site: Site) -> None:
    said = host.run(f"runuser -u {site.base.account} -- sudo -n {ACCOUNT_MAY}")
    assert said.rc == 0, said.stderr.strip()


def test_the_account_may_not_touch(host: Host, site: Site) -> None:
    # -l asks whether a command would be allowed, and runs nothing
    allowed = [
        command
        for command in ACCOUNT_MAY_NOT
        if host.run(f"runuser -u {site.base.account} -- sudo -n -l {command}").rc == 0
    ]
    assert not allowed, f"sudo lets it run {', '.join(allowed)}"


def test_the_account_has_no_password_and_no_groups_of_power(host: Host, site: Site) -> None:
    account = site.base.account
    assert host.check_output(f"getent shadow {account}").split(":")[1][:1] in ("!", "*")
    powerful = {"root", "sudo", "adm", "disk", "docker", "shadow"}
    assert not powerful & set(host.check_output(f"id -nG {account}").split())


@pytest.mark.on(when=ours)
def test_no_service_has_failed(host: Host) -> None:
    failed = host.check_output("systemctl list-units --failed --no-legend --plain --no-pager").splitlines()
    assert not failed, f"failed: {', '.join(line.split()[0] for line in failed)}"
