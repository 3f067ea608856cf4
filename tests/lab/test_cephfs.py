"""Lab tier: two hosts share folders of a real Ceph by ceph-fuse, and so do pods on them.

This kernel has no ceph: its own client, and its cache, are for the VM tier. NIGHTFLEET_CEPH=1 asks for what
takes minutes: a Ceph that loses its power, shares that go, pods of a cluster, and the way back.
"""

import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from nightfleet.converge import NodeState
from nightfleet.lab import ssh
from nightfleet.lab.plan import spec_from_site
from nightfleet.lab.up import up
from tests.lab.ceph_server import Ceph, serving
from tests.lab.cluster import Cluster, wait_until
from tests.lab.conftest import laid_out

LONG = pytest.mark.skipif(os.environ.get("NIGHTFLEET_CEPH") != "1", reason="takes minutes: NIGHTFLEET_CEPH=1")
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="hosts are booted by root only")
TEAM, OWN = "/srv/cephfs/team", "/srv/cephfs/own"
ONLY = ("--only", "cephfs_client")
KUBECTL = "kubectl --kubeconfig /etc/kubernetes/admin.conf"
MEBIBYTE = 2**20


@dataclass(frozen=True, slots=True)
class Shared:
    """A Ceph, two hosts, and the operator's folder with the keys."""

    ceph: Ceph
    cluster: Cluster
    folder: Path

    def tried(self, host: str, command: str, seconds: float = 60) -> tuple[int, str]:
        """Run a command on a host, to whatever end it comes."""
        return ssh.ask(self.cluster.layout, host, command, seconds)

    def key(self, client: str) -> str:
        found = re.search(r"key = (\S+)", (self.folder / f"{client}.keyring").read_text())
        assert found
        return found[1]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    """Return two hosts that mount nothing yet, and a Ceph with two folders for them."""
    folder = tmp_path_factory.mktemp("operator")
    with serving() as ceph, laid_out("ceph", tmp_path_factory.mktemp("state")) as there:
        for path in ("/team", "/other"):
            ceph.folder(path)
        ceph.authorize("team", "/team", "rw", folder / "team.keyring")
        own = ceph.subvolume("own", "own", folder / "own.keyring")
        cluster = there.edited(folder, ("/PATH", own))
        assert not up(spec_from_site(cluster.site)).failed
        yield Shared(ceph, cluster, folder)


@pytest.fixture(scope="module")
def mounted(shared: Shared) -> Shared:
    """Return the same with every share in its place."""
    report = shared.cluster.converge(*ONLY)
    assert {node.state for node in report.nodes} == {NodeState.CHANGED}
    return shared


def test_a_second_run_changes_nothing_mounted_or_not(mounted: Shared) -> None:
    assert mounted.cluster.converge(*ONLY).changes == 0
    for host in ("nft-f1", "nft-f2"):
        mounted.cluster.ask(host, f"ls {TEAM} {OWN}")
    assert mounted.cluster.converge(*ONLY).changes == 0


def test_every_check_passes_on_both_hosts(mounted: Shared) -> None:
    done = mounted.cluster.ended(mounted.cluster.argv("verify", "--only", "cephfs_client"))
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]


def test_hosts_see_each_others_writes_and_locks(mounted: Shared) -> None:
    ask = mounted.cluster.ask
    ask("nft-f1", f"echo from-one >{TEAM}/note && mkdir -p {TEAM}/deep/er")
    assert ask("nft-f2", f"cat {TEAM}/note && ls -d {TEAM}/deep/er").split() == [
        "from-one",
        f"{TEAM}/deep/er",
    ]
    line = f"for n in $(seq 20); do flock {TEAM}/lock sh -c 'echo $0 >>{TEAM}/log' $n; done"
    other = mounted.tried("nft-f1", f"nohup sh -c {shlex.quote(line)} >/dev/null 2>&1 & echo begun")
    assert other == (0, "begun")
    ask("nft-f2", line)
    wait_until(lambda: ask("nft-f2", f"wc -l <{TEAM}/log") == "40", "forty lines of two hosts", 60)


def test_a_key_is_good_for_its_path_alone(mounted: Shared) -> None:
    for path in ("/", "/other"):
        mount = f"mkdir -p /run/elsewhere && timeout 60 ceph-fuse -n client.team -r {path} /run/elsewhere"
        code, said = mounted.tried(
            "nft-f1", f"{mount} 2>&1; code=$?; umount /run/elsewhere 2>/dev/null; exit $code"
        )
        assert code != 0
        assert "Operation not permitted" in said, said


def test_a_key_of_a_subvolume_is_good_for_its_own_objects_alone(mounted: Shared) -> None:
    own = mounted.folder / "own.keyring"
    listing = "rados --conf /etc/ceph/ceph.conf -p cephfs_data ls"
    mounted.ceph.ask(f"cat >/run/own <<'EOF'\n{own.read_text()}EOF")
    mounted.ceph.ask(f"cat >/run/team <<'EOF'\n{(mounted.folder / 'team.keyring').read_text()}EOF")
    code, said = mounted.ceph.run(f"{listing} -n client.own --keyring /run/own 2>&1")
    assert code != 0
    assert "not permitted" in said
    # which `fs authorize` does not see to: its client reads the objects of everybody in the pool
    assert mounted.ceph.run(f"{listing} -n client.team --keyring /run/team")[0] == 0


def test_keys_are_in_no_report_and_in_no_file_that_others_may_read(mounted: Shared) -> None:
    keys = [mounted.key("team"), mounted.key("own")]
    told = [path for path in mounted.cluster.state.rglob("*") if path.is_file()]
    assert told
    for path in told:
        assert not any(key in path.read_text(errors="replace") for key in keys), path
    for host in ("nft-f1", "nft-f2"):
        found = mounted.cluster.ask(
            host, f"grep -rlF -e '{keys[0]}' /etc /run /var/lib/nightfleet 2>/dev/null; true"
        )
        assert found.split() == ["/etc/ceph/ceph.client.team.keyring"]
        assert mounted.cluster.ask(host, f"stat -c %a {found}") == "600"


def test_a_quota_ends_a_write(mounted: Shared) -> None:
    mounted.ceph.folder("/team/small")
    mounted.ceph.limit("/team/small", 5 * MEBIBYTE)
    write = f"dd if=/dev/zero of={TEAM}/small/big bs=512K count=100 conv=fsync oflag=sync 2>&1"
    code, said = mounted.tried("nft-f1", write)
    assert code != 0
    assert "Disk quota exceeded" in said
    assert int(mounted.cluster.ask("nft-f1", f"stat -c %s {TEAM}/small/big")) < 12 * MEBIBYTE
    mounted.cluster.ask("nft-f1", f"rm -r {TEAM}/small")


@LONG
def test_a_host_boots_without_its_ceph_and_mounts_when_it_is_back(mounted: Shared) -> None:
    cluster, ceph = mounted.cluster, mounted.ceph
    cluster.ask("nft-f1", f"echo before >{TEAM}/alive")
    writing = f"nohup sh -c 'echo after >>{TEAM}/alive; sync {TEAM}/alive' >/dev/null 2>&1 & echo begun"
    ceph.cut()
    try:
        two = cluster.host("nft-f2")
        two.kill()
        two.start()
        booted = "systemctl is-system-running --wait"
        wait_until(
            lambda: mounted.tried("nft-f2", booted)[1] in ("running", "degraded"), "the end of its boot", 120
        )
        assert mounted.tried("nft-f1", writing) == (0, "begun")
        code, said = mounted.tried("nft-f2", f"ls {TEAM} 2>&1", 120)
        assert code not in (0, 255), said  # an error, and no hanging for ever
        assert cluster.converge(*ONLY).changes == 0  # which looks into no mount
    finally:
        ceph.start()
    wait_until(
        lambda: mounted.tried("nft-f2", f"cat {TEAM}/alive")[1] == "before\nafter", "both writes", 90, 1
    )


@LONG
def test_a_share_that_is_in_use_stays_and_is_told_and_else_goes_with_its_key(
    mounted: Shared, tmp_path: Path
) -> None:
    text = mounted.cluster.site_file.read_text()
    (line,) = [line for line in text.splitlines(keepends=True) if line.lstrip().startswith("own:")]
    for client in ("team", "own"):
        (tmp_path / f"{client}.keyring").write_text((mounted.folder / f"{client}.keyring").read_text())
    fewer = mounted.cluster.edited(tmp_path, (line, ""))
    mounted.cluster.ask(
        "nft-f1", f"ls {OWN} && systemd-run --quiet --unit holder sh -c 'cd {OWN} && exec sleep 600'"
    )
    report = fewer.converge(*ONLY, ends_with=4)
    (held,) = [node for node in report.nodes if node.state is NodeState.FAILED]
    assert held.name == "nft-f1"
    assert f"{OWN} is in use" in str(held)
    mounted.cluster.ask("nft-f1", "systemctl stop holder")
    assert fewer.converge(*ONLY).changes > 0
    for host in ("nft-f1", "nft-f2"):
        left = mounted.cluster.ask(
            host, "ls /etc/ceph; ls /srv/cephfs; systemctl list-unit-files --plain 'srv-*' | cat"
        )
        assert "own" not in left
        mounted.cluster.ask(host, f"ls {TEAM}/alive")
    assert mounted.cluster.converge(*ONLY).changes > 0


@LONG
def test_a_machine_that_is_part_of_a_ceph_is_refused(mounted: Shared) -> None:
    mounted.cluster.ask("nft-f2", "cp /etc/ceph/ceph.conf /run/kept; echo '[global]' >/etc/ceph/ceph.conf")
    try:
        report = mounted.cluster.converge(*ONLY, ends_with=3)
        (refused,) = [node for node in report.nodes if node.state is NodeState.REFUSED]
        assert "is not ours" in str(refused)
    finally:
        mounted.cluster.ask("nft-f2", "cp /run/kept /etc/ceph/ceph.conf")


@pytest.fixture(scope="module")
def cluster_of_pods(mounted: Shared) -> Shared:
    """Return the same hosts as a cluster, with the shares as volumes."""
    printed = mounted.cluster.nightfleet("lab", "up")
    assert [node["ready"] for node in printed["cluster"]["nodes"]] == ["True", "True"]
    mounted.cluster.ask("nft-f1", f"{KUBECTL} apply -f /etc/nightfleet/cephfs/volumes.yaml")
    return mounted


def objects(name: str, node: str, *arguments: str) -> str:
    """Return a pod on one node that mounts the claim of the test."""
    image = "registry.k8s.io/e2e-test-images/agnhost:2.63.0"
    return f"""
apiVersion: v1
kind: Pod
metadata: {{name: {name}}}
spec:
  restartPolicy: Never
  nodeSelector: {{kubernetes.io/hostname: {node}}}
  containers:
    - name: it
      image: {image}
      args: [{", ".join(arguments)}]
      volumeMounts: [{{name: data, mountPath: /data}}]
  volumes: [{{name: data, persistentVolumeClaim: {{claimName: team}}}}]
---"""


CLAIM = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: team}
spec:
  accessModes: [ReadWriteMany]
  storageClassName: ""
  volumeName: cephfs-team
  resources: {requests: {storage: 1Gi}}
---"""


@LONG
def test_pods_on_two_nodes_share_a_volume(cluster_of_pods: Shared) -> None:
    ask = cluster_of_pods.cluster.ask

    def ended(pod: str) -> Any:
        phase = ask("nft-f1", f"{KUBECTL} get pod {pod} -o jsonpath={{.status.phase}}")
        return phase if phase in ("Succeeded", "Failed") else None

    def run(manifest: str, pod: str) -> str:
        ask("nft-f1", f"{KUBECTL} apply -f - >/dev/null <<'EOF'\n{manifest}\nEOF")
        assert wait_until(lambda: ended(pod), f"the pod {pod} to end", 120, 0.5) == "Succeeded"
        return ask("nft-f1", f"{KUBECTL} logs {pod}")

    run(CLAIM + objects("writer", "nft-f1", "mounttest", "--new_file_0644=/data/of-a-pod"), "writer")
    said = run(objects("reader", "nft-f2", "mounttest", "--file_content=/data/of-a-pod"), "reader")
    assert 'content of file "/data/of-a-pod": mount-tester new file' in said
    assert ask("nft-f2", f"cat {TEAM}/of-a-pod").strip() == "mount-tester new file"


@LONG
def test_undone_nothing_of_it_is_left_but_the_data(mounted: Shared, tmp_path: Path) -> None:
    undo = tmp_path / "undo.py"
    undo.write_text("from deploys.cephfs_client.undo import undo\n\nundo()\n")
    holders = f"{KUBECTL} delete pod --all --now >/dev/null 2>&1; true"
    mounted.cluster.ask("nft-f1", holders)
    mounted.cluster.by_hand(str(undo))
    for host in ("nft-f1", "nft-f2"):
        units = "/etc/systemd/system/*/srv-cephfs*"
        look = f"ls -d /etc/ceph/* /etc/nightfleet/cephfs /srv/cephfs/* {units} 2>/dev/null; true"
        assert mounted.cluster.ask(host, look) == ""
        assert mounted.cluster.ask(host, "grep -c cephfs /proc/self/mounts; true") == "0"
    again = mounted.cluster.by_hand(str(undo))
    assert again["results"]["totals"]["success"] == 0
    assert "alive" in mounted.ceph.ask(
        "python3 -c \"import cephfs; fs = cephfs.LibCephFS(conffile='/etc/ceph/ceph.conf', auth_id='admin');"
        " fs.mount(); print(fs.stat('/team/alive') and 'alive'); fs.unmount()\""
    )
