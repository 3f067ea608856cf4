"""Lab tier: backup and restore. Three control planes lose etcd altogether, and every object comes back."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bagit
import pytest

from nightfleet.cluster.api import Api
from nightfleet.ledger import Entry, Event, Ledger
from tests.lab.cluster import Cluster, wait_until
from tests.lab.life.bucket_server import BUCKET, Server, serving
from tests.lab.life.objects import Objects, differences, everything

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="hosts are booted by root only")
KEEP = 3
SCRIPT = "/usr/local/lib/nightfleet/backup"
SERVICE = "systemctl start nightfleet-backup.service"
FOLDER = "/var/lib/nightfleet/backup"
COPIES = "/var/lib/nightfleet/backup-copies"
IMAGE = "registry.k8s.io/e2e-test-images/agnhost:2.63.0"
# The disks of etcd are gone, and it with them, before kubelet can start it anew.
LOSE_ETCD = (
    "rm -rf /var/lib/etcd/member; for c in /proc/[0-9]*/comm; do"
    ' [ "$(cat $c 2>/dev/null)" != etcd ] || kill -9 $(echo $c | cut -d/ -f3); done'
)


@dataclass(frozen=True, slots=True)
class Vault:
    """The cluster with backups switched on, and the operator's key."""

    cluster: Cluster
    key: Path
    bucket: Server

    @property
    def planes(self) -> list[str]:
        return [node.name for node in self.cluster.site.fleet if "c" in node.name.rpartition("-")[2]]

    @property
    def keeper(self) -> str:
        return str(self.cluster.site.backup.copy_to)

    @property
    def api(self) -> Api:
        return Api(self.cluster.operator_files / "kubeconfig", patience=180)

    @property
    def ledger(self) -> tuple[Entry, ...]:
        return Ledger(self.cluster.operator_files / "ledger.jsonl").entries()

    def objects(self) -> Objects:
        return everything(self.cluster.operator_files / "kubeconfig")

    def names(self, node: str, folder: str = FOLDER) -> list[str]:
        return sorted(self.cluster.ask(node, f"ls -1 {folder}").split())

    def restore(self, backup: str | Path, *words: str, ends_with: int = 0) -> Any:
        argv = self.cluster.argv("restore", str(backup), "--key", str(self.key), *words)
        said = self.cluster.ended(argv)
        assert said.returncode == ends_with, f"{said.returncode}: {said.stdout[-2000:]} {said.stderr[-4000:]}"
        return json.loads(said.stdout) if ends_with in (0, 4) else said.stderr

    def etcd(self) -> list[str]:
        """Return what changes when an etcd is touched: its process and its member's folder."""
        show = (
            'for c in /proc/[0-9]*/comm; do [ "$(cat $c 2>/dev/null)" != etcd ] || echo $c; done;'
            " stat -c %i /var/lib/etcd/member; ls /var/lib/etcd /etc/kubernetes/manifests"
        )
        return [self.cluster.ask(name, show) for name in self.planes]


@pytest.fixture(scope="module")
def vault(ha: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vault]:
    """Switch backups on, as the guide says it."""
    folder = tmp_path_factory.mktemp("vault")
    key = folder / "backup.key"
    public = ha.nightfleet("backup", "key", "--key", str(key))["public"]
    keeper = ha.site.fleet[-1].name
    with serving(str(ha.site.lab.gateway), folder) as bucket:
        s3 = f"{{endpoint: '{bucket.endpoint}', bucket: {BUCKET}}}"
        section = f"backup:\n  recipients: [{public}]\n  keep: {KEEP}\n  copy_to: {keeper}\n  s3: {s3}\n\n"
        cluster = ha.edited(folder, ("\nlab:\n", f"\n{section}lab:\n"))
        cluster.converge("--only", "backup")
        assert cluster.converge("--only", "backup").changes == 0
        yield Vault(cluster, key, bucket)


@pytest.fixture(scope="module")
def work(vault: Vault) -> str:
    """Put something into the cluster; return its namespace."""
    name, api = "kept", vault.api
    api.post("/api/v1/namespaces", {"metadata": {"name": name}})
    for number in range(20):
        body = {"metadata": {"name": f"note-{number}"}, "data": {"text": f"number {number}"}}
        api.post(f"/api/v1/namespaces/{name}/configmaps", body)
    api.post(
        f"/api/v1/namespaces/{name}/secrets", {"metadata": {"name": "word"}, "stringData": {"word": "hush"}}
    )
    pod = {
        "terminationGracePeriodSeconds": 1,
        "containers": [{"name": "main", "image": IMAGE, "args": ["pause"]}],
    }
    labels = {"app": "kept"}
    body = {
        "metadata": {"name": "kept"},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }
    api.post(f"/apis/apps/v1/namespaces/{name}/deployments", body)
    wait_until(lambda: ready(vault, name) == 2, "the Deployment to be ready", 180)
    return name


def ready(vault: Vault, namespace: str) -> int:
    status = vault.api.get(f"/apis/apps/v1/namespaces/{namespace}/deployments/kept")["status"]
    return int(status.get("readyReplicas", 0))


@pytest.fixture(scope="module")
def snapshot(vault: Vault, work: str) -> tuple[Any, Objects]:
    """Make a backup while the cluster is as it is, and return both."""
    assert work

    def still() -> Any:
        before = vault.objects()
        bag = vault.cluster.nightfleet("backup", "now")
        return (bag, before) if before == vault.objects() else None

    found: tuple[Any, Objects] = wait_until(still, "a backup in which nothing changed", 180)
    return found


# Backup


def test_the_timer_is_enabled_and_its_service_makes_a_backup_that_is_copied(vault: Vault) -> None:
    plane = vault.planes[1]
    before = vault.names(plane)
    assert vault.cluster.ask(plane, "systemctl is-enabled nightfleet-backup.timer").strip() == "enabled"
    vault.cluster.ask(plane, SERVICE)
    (made,) = set(vault.names(plane)) - set(before)
    assert made in vault.names(vault.keeper, f"{COPIES}/{plane}")
    listed = vault.cluster.nightfleet("backup", "list")["backups"]
    (one,) = [backup for backup in listed if backup["name"] == made]
    assert {copy["at"] for copy in one["copies"]} == {plane, vault.keeper, f"s3:{BUCKET}"}
    assert one["revision"] > 0 and one["keys"] > 100


def test_of_many_the_newest_that_are_whole_stay(vault: Vault) -> None:
    plane = vault.planes[2]
    for _ in range(KEEP):
        vault.cluster.ask(plane, SERVICE)
    oldest, *_, newest = vault.names(plane)
    assert len(vault.names(plane)) == KEEP
    vault.cluster.ask(plane, f"printf x >>{FOLDER}/{newest}/data/etcd.db.age")
    vault.cluster.ask(plane, SERVICE)
    assert oldest in vault.names(plane), "a damaged backup has pushed out a good one"
    assert vault.cluster.nightfleet("backup", "verify", ends_with=1)
    listed = {one["name"]: one["copies"] for one in vault.cluster.nightfleet("backup", "list")["backups"]}
    good = {copy["at"]: copy["good"] for copy in listed[newest]}
    assert good == {plane: False, vault.keeper: True, f"s3:{BUCKET}": True}
    vault.cluster.ask(plane, f"rm -r {FOLDER}/{newest}")


def test_what_the_bucket_missed_it_gets_with_the_next_and_all_is_readable_from_there(
    vault: Vault, tmp_path: Path
) -> None:
    plane = vault.planes[1]
    vault.bucket.stop()
    assert "is here, but was not copied to" in vault.cluster.ask(plane, f"{SCRIPT} 2>&1; true")
    (missed, *_) = sorted(vault.names(plane), reverse=True)
    vault.bucket.start()
    assert f"{vault.cluster.site.site}/{plane}/{missed}.txt" not in vault.bucket.objects()
    vault.cluster.ask(plane, SERVICE)
    assert f"{vault.cluster.site.site}/{plane}/{missed}.txt" in vault.bucket.objects()
    for node, folder in ((plane, FOLDER), (vault.keeper, f"{COPIES}/{plane}")):
        vault.cluster.ask(node, f"rm -r {folder}/{missed}")
    said = vault.cluster.nightfleet("backup", "fetch", missed, "--to", str(tmp_path))
    bagit.Bag(said["folder"]).validate()


def test_nothing_in_a_backup_can_be_read_without_the_key(
    vault: Vault, snapshot: tuple[Any, Objects], tmp_path: Path
) -> None:
    folder = fetched(vault, snapshot, tmp_path)
    text = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert b"hush" not in text and b"PRIVATE KEY" not in text
    assert (folder / "data" / "ledger.jsonl").read_text().count("backup")
    vault.cluster.run(vault.cluster.argv("backup", "verify", snapshot[0]["name"], "--key", str(vault.key)))


def fetched(vault: Vault, snapshot: tuple[Any, Objects], to: Path) -> Path:
    return Path(vault.cluster.nightfleet("backup", "fetch", snapshot[0]["name"], "--to", str(to))["folder"])


# Refused, with nothing touched


def test_a_cluster_that_is_alive_is_not_restored(vault: Vault, snapshot: tuple[Any, Objects]) -> None:
    with_nothing_touched(vault, lambda: vault.restore(snapshot[0]["name"], ends_with=3), "alive and healthy")


def test_a_damaged_backup_is_not_restored(
    vault: Vault, snapshot: tuple[Any, Objects], tmp_path: Path
) -> None:
    folder = fetched(vault, snapshot, tmp_path)
    with (folder / "data" / "etcd.db.age").open("r+b") as file:
        file.seek(1000)
        file.write(b"tampered")
    with_nothing_touched(vault, lambda: vault.restore(folder, "--over-running", "x", ends_with=3), "damaged")


def test_a_backup_of_another_cluster_is_not_restored(
    vault: Vault, snapshot: tuple[Any, Objects], tmp_path: Path
) -> None:
    bag = bagit.Bag(str(fetched(vault, snapshot, tmp_path)))
    bag.info["Nightfleet-Cluster-CA"] = "0" * 64
    bag.save(manifests=True)
    with_nothing_touched(
        vault, lambda: vault.restore(bag.path, "--over-running", "x", ends_with=3), "of another cluster"
    )


def test_with_another_key_nothing_is_restored(
    vault: Vault, snapshot: tuple[Any, Objects], tmp_path: Path
) -> None:
    folder = fetched(vault, snapshot, tmp_path)
    other = tmp_path / "other.key"
    vault.cluster.nightfleet("backup", "key", "--key", str(other))
    argv = vault.cluster.argv("restore", str(folder), "--key", str(other), "--over-running", "x")
    with_nothing_touched(vault, lambda: vault.cluster.ended(argv).stderr, "cannot be opened with this key")


def test_an_unknown_backup_is_not_restored(vault: Vault) -> None:
    with_nothing_touched(
        vault, lambda: vault.restore("20200101T000000Z-nobody", ends_with=3), "there is no backup"
    )


def with_nothing_touched(vault: Vault, act: Callable[[], str], why: str) -> None:
    before, lines = vault.etcd(), vault.ledger
    said = act()
    assert why in said
    assert "hint: " in said
    assert (vault.etcd(), vault.ledger) == (before, lines)


# Restored


def test_after_the_loss_of_every_etcd_every_object_is_back(
    vault: Vault, snapshot: tuple[Any, Objects], work: str
) -> None:
    bag, before = snapshot
    api = vault.api
    api.delete(f"/api/v1/namespaces/{work}/configmaps/note-7")
    api.patch(f"/api/v1/namespaces/{work}/configmaps/note-8", {"data": {"text": "changed later"}})
    api.delete(f"/apis/apps/v1/namespaces/{work}/deployments/kept")
    api.post("/api/v1/namespaces", {"metadata": {"name": "later"}})
    assert differences(before, vault.objects())

    for plane in vault.planes:
        vault.cluster.ask(plane, LOSE_ETCD)
    done = vault.restore(bag["name"])

    assert done["nodes"] == vault.planes
    assert set(done["back"]) == {
        node.name for node in vault.cluster.site.fleet
    }  # and nobody touched a worker
    assert not done["missing"]
    nothing: dict[str, str] = {}
    last = [nothing]

    def same() -> bool:
        last[0] = differences(before, vault.objects())
        return not last[0]

    try:
        wait_until(same, "all to be as it was", 120, 2)
    except AssertionError:
        raise AssertionError(f"not as it was: {last[0]}") from None
    wait_until(lambda: ready(vault, work) == 2, "the Deployment to run again", 180, 1)


def test_the_restored_cluster_runs_new_pods_and_serves_watches(vault: Vault, work: str) -> None:
    body = {
        "metadata": {"name": "new"},
        "spec": {"containers": [{"name": "main", "image": IMAGE, "args": ["pause"]}]},
    }
    vault.api.post(f"/api/v1/namespaces/{work}/pods", body)
    path = f"/api/v1/namespaces/{work}/pods/new"
    wait_until(lambda: vault.api.get(path)["status"]["phase"] == "Running", "a new pod to run", 180, 1)
    vault.api.delete(path)
    vault.api.delete(f"/api/v1/namespaces/{work}/configmaps/note-9")
    # controllers follow what is done now: a scaled Deployment loses a pod
    vault.api.patch(f"/apis/apps/v1/namespaces/{work}/deployments/kept", {"spec": {"replicas": 1}})
    wait_until(lambda: ready(vault, work) == 1, "the Deployment to shrink", 120, 1)


def test_etcd_is_one_cluster_of_three_again(vault: Vault) -> None:
    ask = (
        "etcdctl --endpoints=https://127.0.0.1:2379 --cacert=/etc/kubernetes/pki/etcd/ca.crt"
        " --cert=/etc/kubernetes/pki/etcd/healthcheck-client.crt"
        " --key=/etc/kubernetes/pki/etcd/healthcheck-client.key endpoint status --cluster -w json"
    )
    answers = [json.loads(vault.cluster.ask(plane, ask)) for plane in vault.planes]
    assert [len(answer) for answer in answers] == [3, 3, 3]
    assert len({one["Status"]["header"]["cluster_id"] for answer in answers for one in answer}) == 1
    assert all(one["Status"]["header"]["revision"] > 1_000_000_000 for answer in answers for one in answer)


def test_a_restore_that_was_killed_goes_on(vault: Vault, snapshot: tuple[Any, Objects], work: str) -> None:
    for plane in vault.planes:
        vault.cluster.ask(plane, LOSE_ETCD)
    older = len(vault.ledger)
    words = ("restore", snapshot[0]["name"], "--key", str(vault.key))
    for step in ("stop the control plane", "restore etcd's data", "start the control plane"):
        running = vault.cluster.start(*words)
        running.wait_until(lambda step=step: reached(vault, older, step), f"step {step!r}")
        running.kill()
    done = vault.restore(snapshot[0]["name"])
    assert done["resumed"] and not done["missing"]
    assert len({entry.run for entry in vault.ledger[older:]}) == 1, "it began anew instead of going on"
    assert len(vault.api.items(f"/api/v1/namespaces/{work}/configmaps")) == 21
    wait_until(lambda: ready(vault, work) == 2, "the Deployment to run again", 180, 1)


def reached(vault: Vault, older: int, step: str) -> bool:
    return any(entry.step == step and entry.event is Event.BEGUN for entry in vault.ledger[older:])


def test_checks_and_doctor_agree(vault: Vault) -> None:
    checks = vault.cluster.nightfleet("verify", "--only", "backup")["checks"]
    assert {check["node"] for check in checks} == {*vault.planes, vault.keeper}
    findings = json.loads(vault.cluster.ended(vault.cluster.argv("doctor")).stdout)["findings"]
    assert [one["status"] for one in findings if one["check"] == "backup"] == ["ok"]


def test_the_second_time_nothing_is_restored(
    vault: Vault, snapshot: tuple[Any, Objects], tmp_path: Path
) -> None:
    shutil.rmtree(tmp_path)
    with_nothing_touched(vault, lambda: vault.restore(snapshot[0]["name"], ends_with=3), "alive and healthy")


# On new machines


def pods_of(vault: Vault, namespace: str) -> set[str]:
    return {pod["metadata"]["uid"] for pod in vault.api.items(f"/api/v1/namespaces/{namespace}/pods")}


@pytest.fixture(scope="module")
def pods_before(vault: Vault, work: str) -> set[str]:
    """Return the Deployment's pods as they are before the machines are lost."""
    return pods_of(vault, work)


def test_new_machines_become_the_cluster_again_from_the_copy_on_a_worker(
    vault: Vault, snapshot: tuple[Any, Objects], work: str, pods_before: set[str]
) -> None:
    assert pods_before
    bag, first = snapshot[0], vault.planes[0]
    for plane in vault.planes:
        vault.cluster.ask(plane, f"rm -rf /etc/kubernetes /var/lib/etcd/* {FOLDER}/2*; {LOSE_ETCD}")

    done = vault.restore(bag["name"])
    assert done["nodes"] == [first]
    assert done["later"] == vault.planes[1:]
    assert {node.name for node in vault.cluster.site.fleet} - set(vault.planes) <= set(done["back"])

    vault.cluster.converge()
    names = {item["metadata"]["name"] for item in vault.api.items("/api/v1/nodes")}
    assert names == {node.name for node in vault.cluster.site.fleet}
    assert len(vault.api.items(f"/api/v1/namespaces/{work}/configmaps")) == 21
    wait_until(lambda: ready(vault, work) == 2, "the Deployment to run again", 180, 1)
    assert vault.cluster.converge().changes == 0


@pytest.mark.xfail(
    reason="issue 4: a pod is made anew now and then, and nobody knows why", raises=AssertionError
)
def test_the_pods_of_workers_that_never_stopped_are_the_same(
    vault: Vault, work: str, pods_before: set[str]
) -> None:
    assert pods_of(vault, work) == pods_before, "pods were made anew, though workers had never stopped"
