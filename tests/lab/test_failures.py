"""Lab tier: what goes wrong on real hosts. The others finish, the report says who failed and why, `--failed`
tries only those again; and whatever is killed, running again completes."""

import os
import re
import shlex
import subprocess
import time
from collections.abc import Iterator

import pytest

from nightfleet.converge import ConvergeReport, NodeReport, NodeState
from nightfleet.converge.events import Kind
from nightfleet.converge.report import FINE
from nightfleet.errors import Exit
from nightfleet.lab import process
from nightfleet.lab.state import State
from tests.lab.cluster import Cluster, end, report_of, wait_until
from tests.lab.conftest import laid_out
from tests.lab.traces import traces

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="hosts are booted by root only")
S = NodeState
ETC = "etc/kubernetes"


def only_trouble(report: ConvergeReport, node: str) -> NodeReport:
    """Return the report of the one node that was not fine; all others finished."""
    assert report.unfinished == (node,), {one.name: (one.state, one.reason) for one in report.nodes}
    assert {one.name for one in report.nodes if one.state in FINE} == {"nft-c1", "nft-w1", "nft-w2"} - {node}
    assert report.nodes[0].operations[-1].name.startswith("smoke | ")  # the last line of the fleet's story
    return next(one for one in report.nodes if one.name == node)


def retried(cluster: Cluster) -> tuple[str, ...]:
    """Try again what failed; return the nodes that were tried, all of which are fine now."""
    report = cluster.converge("--failed")
    assert report.unfinished == ()
    return tuple(node.name for node in report.nodes)


def restart_ssh(cluster: Cluster, node: str) -> None:
    """Restart a host's ssh server, whatever key it has."""
    trusting = (
        "-o",
        "StrictHostKeyChecking=no",
        "-o",
        "UserKnownHostsFile=/dev/null",
        "-o",
        "LogLevel=ERROR",
    )
    address = str(cluster.site.node(node).address)
    key = ("-i", str(cluster.layout.ssh_key))
    subprocess.run(["ssh", *trusting, *key, f"root@{address}", "systemctl restart ssh"], check=True)


def test_a_host_that_is_down_at_the_start_is_told_of_and_done_later(cluster: Cluster) -> None:
    cluster.host("nft-w1").stop()
    trouble = only_trouble(cluster.converge(ends_with=Exit.PARTLY), "nft-w1")
    assert trouble.state is S.UNREACHABLE
    assert trouble.operations == ()
    cluster.nightfleet("lab", "up", "--hosts-only")
    assert retried(cluster) == ("nft-w1",)


@pytest.mark.parametrize(
    "moment", [pytest.param("ready", id="looked-at"), pytest.param("done", id="worked-on")]
)
def test_a_host_that_dies_in_the_middle_does_not_hold_up_the_others(cluster: Cluster, moment: str) -> None:
    running = cluster.start("converge")
    mark = f'"event":"{moment}","host":"nft-w2"'
    running.wait_until(lambda: mark in running.events(cluster), f"nft-w2 was {moment}")
    leader = process.leader(cluster.layout.host("nft-w2").keeper)
    assert leader is not None
    end([leader.pid])
    try:
        trouble = only_trouble(running.report(Exit.PARTLY), "nft-w2")
    finally:
        wait_until(lambda: cluster.host("nft-w2").state() is State.DEAD, "nft-w2 to be dead")
        cluster.nightfleet("lab", "up", "--hosts-only")
    assert trouble.state is S.UNREACHABLE
    assert trouble.reason.startswith("the connection was lost")
    assert retried(cluster) == ("nft-w2",)


def test_a_full_disk_is_refused_until_there_is_room(cluster: Cluster) -> None:
    cluster.ask("nft-w1", "systemctl stop kubelet")  # it would make room by evicting pods
    try:
        cluster.ask(
            "nft-w1", "cd /var/lib/containerd; fallocate -l $(($(stat -fc '%a*%S' .) - (1 << 27))) fill"
        )
        trouble = only_trouble(cluster.converge(ends_with=Exit.REFUSED), "nft-w1")
    finally:
        cluster.ask("nft-w1", "rm -f /var/lib/containerd/fill; systemctl start kubelet")
    assert trouble.state is S.REFUSED
    assert trouble.reason.startswith("/var/lib/containerd has ")
    assert "make room, then converge again" in trouble.reason
    assert retried(cluster) == ("nft-w1",)


def test_a_held_package_lock_is_waited_for_and_named(cluster: Cluster) -> None:
    lock = "/var/lib/dpkg/lock-frontend"
    hold = f"import fcntl, time; f = open('{lock}', 'w'); fcntl.lockf(f, fcntl.LOCK_EX); time.sleep(600)"
    cluster.ask("nft-w2", "dpkg --purge --force-depends ethtool")
    cluster.ask("nft-w2", f'systemd-run --quiet --unit=holder python3 -c "{hold}"')
    running = cluster.start("converge")
    try:
        running.wait_until(lambda: "for another package manager" in running.events(cluster), "it said so")
        time.sleep(5)
        assert running.child.poll() is None
        assert (
            cluster.ask("nft-w2", "dpkg-query -W -f '${Status}' ethtool 2>/dev/null || echo none") == "none"
        )
    finally:
        cluster.ask("nft-w2", "systemctl stop holder")
    report = running.report(Exit.DONE)
    (waited,) = [op for op in report.nodes[2].operations if op.output]
    assert waited.name.endswith("| Install packages")
    assert "another package manager: python3 (pid " in waited.output[0]
    assert cluster.ask("nft-w2", "dpkg-query -W -f '${Status}' ethtool") == "install ok installed"


def test_a_wrong_clock_is_refused_until_it_is_set(cluster: Cluster) -> None:
    """Lab hosts share the machine's clock: this one is wrong for whatever is started over ssh."""
    install = "apt-get -qq install --no-install-recommends -y libfaketime"
    library = cluster.ask(
        "nft-w1", f"{install} >/dev/null 2>&1; dpkg -L libfaketime | grep 'libfaketime.so.1$'"
    )
    drop_in = "/etc/ssh/sshd_config.d/clock.conf"
    cluster.ask(
        "nft-w1", f"echo 'SetEnv LD_PRELOAD={library} FAKETIME=+5m' >{drop_in}; systemctl restart ssh"
    )
    try:
        trouble = only_trouble(cluster.converge(ends_with=Exit.REFUSED), "nft-w1")
    finally:
        cluster.ask("nft-w1", f"rm {drop_in}; systemctl restart ssh")
    assert trouble.state is S.REFUSED
    ahead = re.search(r"its clock is (\d+) s ahead of the operator's", trouble.reason)
    assert ahead and 290 <= int(ahead[1]) <= 310, trouble.reason  # the answer was a while on its way
    assert "Set it (chronyc makestep)" in trouble.reason
    cluster.ask("nft-w1", "dpkg --purge libfaketime >/dev/null")
    assert retried(cluster) == ("nft-w1",)


def test_an_address_that_answers_as_another_host_is_refused(cluster: Cluster) -> None:
    key = cluster.root("nft-w2") / "etc/ssh/ssh_host_ed25519_key"
    before = key.read_text()
    cluster.ask(
        "nft-w2", f"yes | ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/{key.name}; systemctl restart ssh"
    )
    try:
        trouble = only_trouble(cluster.converge(ends_with=Exit.REFUSED), "nft-w2")
    finally:
        key.write_text(before)
        restart_ssh(cluster, "nft-w2")
    assert trouble.state is S.REFUSED
    assert trouble.reason.startswith("its address answers as another host: ")
    assert "ssh-keygen -R" in trouble.hint
    assert trouble.operations == ()
    assert retried(cluster) == ("nft-w2",)


def test_after_all_this_the_cluster_is_as_it_should_be(cluster: Cluster) -> None:
    assert cluster.converge().changes == 0
    assert cluster.faults() == []


@pytest.fixture(scope="module")
def crash(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Return a site with nothing of it on the machine; the tests below tell in order how it becomes one."""
    with laid_out("crash", tmp_path_factory.mktemp("crash")) as there:
        yield there


def kill_controller(crash: Cluster, command: str, operation: str, node: str, *words: str) -> None:
    """SIGKILL a command and its pyinfra while this runs on a host, or at the latest when it has run.

    What an earlier command began may have been finished by the host alone, and a short program is missed
    easily on a busy machine.
    """
    running = crash.start(*command.split())
    running.wait_until(
        lambda: crash.processes(node, *words) or running.told(crash, Kind.DONE, node, operation),
        f"{shlex.join(words)} ran on {node}",
    )
    running.kill()


@pytest.mark.parametrize(
    ("command", "operation", "node", "words"),
    [
        pytest.param("lab up", "base | Install packages", "nft-k2", ("dpkg", "--unpack"), id="packages"),
        pytest.param(
            "converge",
            "containerd | Install containerd, runc and CNI plugins",
            "nft-k2",
            ("tar", "-xzf"),
            id="artifacts",
        ),
        pytest.param(
            "converge",
            "registry | Push the images of the version lock",
            "nft-k1",
            ("skopeo", "copy"),
            id="images",
        ),
    ],
)
def test_a_killed_controller_goes_on_from_where_it_was(
    crash: Cluster, command: str, operation: str, node: str, words: tuple[str, ...]
) -> None:
    kill_controller(crash, command, operation, node, *words)


def test_a_killed_init_is_told_of(crash: Cluster) -> None:
    running = crash.start("converge")
    etcd = crash.root("nft-k1") / ETC / "manifests/etcd.yaml"
    running.wait_until(etcd.exists, "init was half way")
    end(crash.processes("nft-k1", "kubeadm", "init"))
    first, *others = running.report(Exit.FAILED).nodes
    assert first.state is S.FAILED
    assert first.reason.startswith("kubernetes: init | Begin the cluster: ")
    assert [node.state for node in others] == [S.FAILED, S.FAILED]
    assert all(node.reason.endswith("nft-k1 gives no ticket: is its API server up?") for node in others)


def test_an_init_goes_on_when_its_controller_is_killed(crash: Cluster) -> None:
    kill_controller(
        crash, "converge --failed", "kubernetes: init | Begin the cluster", "nft-k1", "kubeadm", "init"
    )


def test_a_killed_join_is_told_of_and_the_others_finish(crash: Cluster) -> None:
    running = crash.start("converge")
    started = crash.root("nft-k2") / ETC / "bootstrap-kubelet.conf"
    running.wait_until(started.exists, "join was half way")
    end(crash.processes("nft-k2", "kubeadm", "join"))
    report = running.report(Exit.PARTLY)
    assert report.unfinished == ("nft-k2",)
    assert report.nodes[0].operations[-1].name.startswith("smoke | ")
    assert report.nodes[1].state is S.FAILED
    assert report.nodes[1].reason.startswith("kubernetes: join | Join the cluster: ")


def test_a_join_goes_on_when_its_controller_is_killed(crash: Cluster) -> None:
    kill_controller(
        crash, "converge --failed", "kubernetes: join | Join the cluster", "nft-k2", "kubeadm", "join"
    )


def test_after_five_killed_controllers_and_two_killed_kubeadms_running_again_completes(
    crash: Cluster,
) -> None:
    printed = crash.nightfleet("lab", "up")
    assert [node["ready"] for node in printed["cluster"]["nodes"]] == ["True", "True", "True"]
    assert sorted(proof["worker"] for proof in printed["cluster"]["proofs"]) == crash.workers
    assert report_of(printed["converge"]).unfinished == ()
    assert crash.converge().changes == 0
    assert crash.faults() == []


def test_lab_down_leaves_nothing_of_it(crash: Cluster) -> None:
    assert crash.nightfleet("lab", "down")["removed"]
    assert {trace for trace in traces() if trace.lab == "nft-crash"} == set()
    assert crash.nightfleet("lab", "down")["removed"] == []
