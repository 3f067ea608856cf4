"""Lab tier: the hosts themselves. Boots its own labs, beside whatever other lab runs on this machine."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from nightfleet.errors import NightfleetError
from nightfleet.lab import cgroups, mounts, process, ssh, sysctls
from nightfleet.lab.down import down
from nightfleet.lab.host import Host, hosts
from nightfleet.lab.layout import Layout
from nightfleet.lab.machine import interfaces
from nightfleet.lab.services import services, start_service
from nightfleet.lab.spec import IMAGEFS, DiskSpec, HostSpec, LabSpec, to_json
from nightfleet.lab.state import State
from nightfleet.lab.status import status
from nightfleet.lab.up import UpReport, up

LAB = LabSpec(
    name="nft-hosts",
    bridge="nft-hosts",
    gateway="10.97.0.1/24",
    hosts=(
        HostSpec("nft-a", "10.97.0.11", (IMAGEFS, DiskSpec("data", "/srv/data", 1, "ext4")), memory_gib=1),
        HostSpec("nft-b", "10.97.0.12"),
    ),
)
CUT = LabSpec(
    name="nft-cut",
    bridge="nft-cut",
    gateway="10.97.1.1/24",
    hosts=(HostSpec("nft-c", "10.97.1.11"), HostSpec("nft-d", "10.97.1.12")),
)
LAYOUT = Layout(LAB.name)

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="hosts are booted by root only")


@pytest.fixture(scope="module")
def lab() -> Iterator[UpReport]:
    down(LAB.name)
    before = traces(LAB)
    settings = shared_settings()
    assert before == []
    report = up(LAB)
    yield report
    down(LAB.name)
    assert traces(LAB) == []
    assert shared_settings() == settings or other_labs()


@pytest.fixture
def first(lab: UpReport) -> Host:
    assert lab.hosts[0].name == "nft-a"
    return hosts(LAB)["nft-a"]


@pytest.fixture
def cut() -> Iterator[LabSpec]:
    down(CUT.name)
    yield CUT
    down(CUT.name)


def ask(host: str, command: str) -> str:
    code, answer = ssh.ask(LAYOUT, host, command, 20)
    assert code == 0, f"{host}: '{command}' ended with {code}"
    return answer


def outcomes(report: UpReport) -> list[str]:
    return [one.outcome for one in report.hosts]


def shared_settings() -> dict[str, str]:
    return {key: (sysctls.PROC / key).read_text() for key in (*sysctls.KNOWN, "fs/protected_regular")}


def other_labs() -> bool:
    """Labs that still run may change the settings that all share; the last one to go restores them."""
    return sysctls.SNAPSHOT.exists()


def traces(spec: LabSpec) -> list[str]:
    """Everything of a lab that can be found on the machine."""
    layout = Layout(spec.name)
    tables = json.loads(subprocess.check_output(["nft", "-json", "list", "tables"]))["nftables"]
    named = f"/{spec.name}/"
    return [
        *(f"mount {one.point}" for one in mounts.below(layout.dir)),
        *(f"loop {device}" for device, image in mounts.loops() if image.is_relative_to(layout.dir)),
        *(f"interface {one.name}" for one in interfaces() if spec.bridge in (one.name, one.master)),
        *(f"table {layout.table}" for item in tables if item.get("table", {}).get("name") == layout.table),
        *(f"control group {group}" for group in cgroups.existing(spec.name)),
        *(f"process {one.pid}" for one in cgroups.processes(list(cgroups.existing(spec.name)))),
        *(f"process {file.parent}" for file in Path("/proc").glob("[0-9]*/cmdline") if mentions(file, named)),
        *(str(path) for path in (layout.dir, layout.lock) if path.exists()),
        *map(str, Path("/run/systemd/nspawn").glob(f"*/*{spec.name}*")),
    ]


def mentions(cmdline: Path, text: str) -> bool:
    try:
        return text in cmdline.read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_for(host: Host, state: State) -> None:
    end = time.monotonic() + 20
    while host.state() is not state:
        assert time.monotonic() < end, f"{host.spec.name} is {host.state()}, not {state}"
        time.sleep(0.05)


def test_a_new_lab_has_every_host_running_with_its_own_name_and_address(lab: UpReport) -> None:
    assert outcomes(lab) == ["created", "created"]
    for host in LAB.hosts:
        assert ask(host.name, "hostname; systemctl is-system-running").splitlines() == [host.name, "running"]
        assert host.address in ask(host.name, "ip -brief -4 address show dev host0")


@pytest.mark.usefixtures("lab")
def test_disks_are_file_systems_of_their_own_size_and_kind() -> None:
    seen = ask("nft-a", "findmnt --noheadings --output FSTYPE,TARGET --target /srv/data")
    assert seen.split() == ["ext4", "/srv/data"]
    size, target = (
        ask("nft-a", "df --output=size,target --block-size=1M /var/lib/containerd").splitlines()[-1].split()
    )
    assert target == "/var/lib/containerd"
    assert 8000 < int(size) <= 8192


@pytest.mark.usefixtures("lab")
def test_hosts_reach_each_other_and_the_machine_and_what_lies_behind_it() -> None:
    ask("nft-a", "ping -q -c 1 -W 2 10.97.0.12")
    ask("nft-b", "ping -q -c 1 -W 2 10.97.0.1")
    assert "Reading package lists" in ask("nft-a", "apt-get update")


@pytest.mark.usefixtures("lab")
def test_a_host_can_make_control_groups_for_containers_under_its_own_memory_ceiling() -> None:
    version_1 = ask("nft-a", "test -e /sys/fs/cgroup/cgroup.controllers && echo 2 || echo 1") == "1"
    top = "/sys/fs/cgroup/memory" if version_1 else "/sys/fs/cgroup"
    ask("nft-a", f"mkdir {top}/probe && rmdir {top}/probe")
    if version_1:
        assert ask("nft-a", f"cat {top}/memory.limit_in_bytes") == str(1024**3)


@pytest.mark.usefixtures("lab")
def test_ssh_trusts_only_the_key_that_the_host_was_given() -> None:
    scanned = subprocess.check_output(
        ["ssh-keyscan", "-t", "ed25519", "10.97.0.11"], stderr=subprocess.DEVNULL
    )
    assert scanned.split()[2].decode() in LAYOUT.known_hosts.read_text()
    assert "StrictHostKeyChecking yes" in LAYOUT.ssh_config.read_text()


@pytest.mark.usefixtures("lab")
def test_up_again_changes_nothing() -> None:
    boots = {name: host.boot_id() for name, host in hosts(LAB).items()}
    again = up(LAB)
    assert outcomes(again) == ["already running", "already running"]
    assert not again.changed
    assert {name: host.boot_id() for name, host in hosts(LAB).items()} == boots


@pytest.mark.parametrize("victim", ["program", "leader", "pid"], ids=["container", "init", "keeper"])
def test_a_killed_host_comes_back_with_its_disks(first: Host, victim: str) -> None:
    ask("nft-a", f"echo {victim} | tee /srv/data/kept > /root/kept; sync")
    before = first.boot_id()
    keeper = LAYOUT.host("nft-a").keeper
    target = process.leader(keeper) if victim == "leader" else process.read(keeper / victim)
    assert target is not None
    target.send(signal.SIGKILL)
    wait_for(first, State.DEAD)
    assert outcomes(up(LAB)) == ["started", "already running"]
    assert ask("nft-a", "cat /srv/data/kept /root/kept").split() == [victim, victim]
    assert first.boot_id() != before


def test_a_killed_host_boots_with_no_control_group_of_its_last_life(first: Host) -> None:
    find = "find /sys/fs/cgroup -name work-of-pods.slice | wc -l"
    ask("nft-a", "systemd-run --quiet --slice work-of-pods sleep 600")
    assert ask("nft-a", find) != "0"
    leader = first.leader()
    assert leader is not None
    leader.send(signal.SIGKILL)
    wait_for(first, State.DEAD)
    up(LAB)
    assert ask("nft-a", find) == "0"


def test_a_host_that_reboots_itself_has_a_new_boot_id(first: Host) -> None:
    before = first.boot_id()
    ssh.ask(LAYOUT, "nft-a", "systemctl reboot", 10)
    end = time.monotonic() + 30
    while first.boot_id() in (before, None):
        assert time.monotonic() < end, "it did not come back"
        time.sleep(0.1)
    assert outcomes(up(LAB)) == ["already running", "already running"]
    assert ask("nft-a", "cat /proc/sys/kernel/random/boot_id") == first.boot_id()


def test_a_host_that_shut_itself_down_is_stopped_and_up_starts_it(first: Host) -> None:
    ssh.ask(LAYOUT, "nft-a", "systemctl poweroff", 10)
    wait_for(first, State.STOPPED)
    assert {one.name: one.state for one in status(LAB.name).hosts} == {
        "nft-a": State.STOPPED,
        "nft-b": State.RUNNING,
    }
    assert outcomes(up(LAB)) == ["started", "already running"]


def test_a_stopped_host_leaves_no_process_and_starts_again(first: Host) -> None:
    first.stop()
    assert first.state() is State.STOPPED
    assert cgroups.processes([cgroups.group_name(LAB.name, "nft-a")]) == []
    first.start()
    assert outcomes(up(LAB)) == ["already running", "already running"]


@pytest.mark.usefixtures("lab")
def test_status_tells_memory_uptime_and_disk_use() -> None:
    one = next(host for host in status(LAB.name).hosts if host.name == "nft-b")
    assert one.uptime_s is not None
    assert 0 < one.uptime_s < 3600
    assert one.memory_bytes is not None
    assert one.memory_bytes < 1024**3
    assert {disk.name for disk in one.disks} == {"imagefs", "nodefs"}
    assert all(0 < disk.used_bytes < disk.size_gib * 1024**3 for disk in one.disks)


@pytest.mark.usefixtures("lab")
def test_another_lab_on_the_same_bridge_is_refused(cut: LabSpec) -> None:
    with pytest.raises(NightfleetError, match="interface 'nft-hosts' exists and is not this lab's"):
        up(replace(cut, bridge="nft-hosts"))
    assert traces(cut) == []


def test_a_lab_that_ends_is_not_held_by_a_host_of_another_that_started_meanwhile(
    first: Host, cut: LabSpec
) -> None:
    assert not up(cut).failed
    first.stop()
    first.start()
    down(cut.name)
    assert traces(cut) == []
    assert outcomes(up(LAB)) == ["already running", "already running"]


@pytest.mark.usefixtures("lab")
def test_a_host_that_exists_cannot_become_another() -> None:
    moved = (replace(LAB.hosts[0], address="10.97.0.99"), *LAB.hosts[1:])
    with pytest.raises(NightfleetError, match="hosts changed: nft-a"):
        up(replace(LAB, hosts=moved))


@pytest.mark.usefixtures("lab")
def test_a_host_can_be_added_while_the_others_run() -> None:
    more = replace(LAB, hosts=(*LAB.hosts, HostSpec("nft-e", "10.97.0.13", ())))
    assert outcomes(up(more)) == ["already running", "already running", "created"]
    assert ask("nft-e", "hostname") == "nft-e"
    hosts(more)["nft-e"].stop()
    LAYOUT.spec.write_text(to_json(LAB))


@pytest.mark.usefixtures("lab")
def test_a_service_runs_until_it_is_killed_and_up_starts_it_again() -> None:
    argv = [sys.executable, "-c", "import time; print('ready', flush=True); time.sleep(600)"]
    assert start_service(LAB.name, "probe", argv)
    assert not start_service(LAB.name, "probe", argv)
    (service,) = services(LAYOUT)
    assert service.pid is not None
    os.kill(service.pid, signal.SIGKILL)
    end = time.monotonic() + 10
    while process.read(LAYOUT.services / "probe" / "pid") is not None:
        assert time.monotonic() < end
        time.sleep(0.05)
    assert up(LAB).services_started == ("probe",)
    assert services(LAYOUT)[0].pid not in (None, service.pid)


@pytest.mark.parametrize("seconds", [0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 1.0, 1.5])
def test_an_up_that_is_killed_leaves_nothing_after_down(cut: LabSpec, seconds: float) -> None:
    settings = shared_settings()
    kill_up(cut, seconds)
    down(cut.name)
    assert traces(cut) == []
    assert shared_settings() == settings or other_labs()
    assert down(cut.name).removed == ()


@pytest.mark.parametrize("seconds", [0.1, 0.4])
def test_an_up_that_is_killed_goes_on_when_run_again(cut: LabSpec, seconds: float) -> None:
    kill_up(cut, seconds)
    report = up(cut)
    assert not report.failed, report
    assert down(cut.name).removed
    assert traces(cut) == []


def test_down_finds_a_lab_whose_state_was_lost(cut: LabSpec) -> None:
    report = up(cut)
    assert not report.failed, report
    Layout(cut.name).spec.unlink()
    for host in cut.hosts:
        for file in Layout(cut.name).host(host.name).keeper.iterdir():
            file.unlink()
    down(cut.name)
    assert traces(cut) == []


def test_a_killed_build_of_the_base_root_leaves_no_process_and_no_mount(cut: LabSpec, tmp_path: Path) -> None:
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    kill_up(cut, 4, environment, step="build base root")
    end = time.monotonic() + 5
    while [file for file in Path("/proc").glob("[0-9]*/cmdline") if mentions(file, str(tmp_path))]:
        assert time.monotonic() < end, "debootstrap outlived nightfleet"
        time.sleep(0.1)
    assert mounts.below(tmp_path) == []
    assert list((tmp_path / "nightfleet" / "lab").glob(".building-*"))
    assert not list((tmp_path / "nightfleet" / "lab").glob("base-*"))
    down(cut.name)
    assert traces(cut) == []


@pytest.mark.usefixtures("lab")
def test_two_commands_at_once_are_refused() -> None:
    script = (
        "import sys\n"
        "from nightfleet.lab.lock import exclusive\n"
        "from pathlib import Path\n"
        "with exclusive(Path(sys.argv[1]), 'lab'):\n"
        "    print('held', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", script, str(LAYOUT.lock)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(NightfleetError, match=f"another command works on it \\(pid {holder.pid}\\)"):
        up(LAB)
    holder.kill()
    holder.wait()
    assert outcomes(up(LAB)) == ["already running", "already running"]


def kill_up(
    spec: LabSpec, seconds: float, environment: dict[str, str] | None = None, step: str = "prepare network"
) -> None:
    """SIGKILL an `up` some seconds after it began a step."""
    script = (
        "import sys\n"
        "from nightfleet.lab.spec import from_json\n"
        "from nightfleet.lab.up import up\n"
        "up(from_json(sys.argv[1]), lambda event: print(event.step, flush=True))\n"
    )
    running = subprocess.Popen(
        [sys.executable, "-c", script, to_json(spec)], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert running.stdout is not None
    for line in running.stdout:
        if line.strip() == step:
            break
    time.sleep(seconds)
    running.kill()
    running.wait()
