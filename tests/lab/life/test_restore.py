"""Lab tier: restore. Three control planes lose etcd altogether, and every object comes back."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bagit
import pytest

from nightfleet.ledger import Event
from tests.lab.cluster import wait_until
from tests.lab.life.objects import Objects, differences
from tests.lab.life.vault import FOLDER, IMAGE, Steady, Vault, at_work, fetched, ready

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="hosts are booted by root only")
# The disks of etcd are gone, and it with them, before kubelet can start it anew.
LOSE_ETCD = (
    "rm -rf /var/lib/etcd/member; for c in /proc/[0-9]*/comm; do"
    ' [ "$(cat $c 2>/dev/null)" != etcd ] || kill -9 $(echo $c | cut -d/ -f3); done'
)


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
    vault: Vault, snapshot: tuple[Any, Objects], work: str, steady: Steady
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
    assert at_work(vault, work) == steady


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


def test_new_machines_become_the_cluster_again_from_the_copy_on_a_worker(
    vault: Vault, snapshot: tuple[Any, Objects], work: str
) -> None:
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


def test_pods_that_nobody_touched_ran_through_all_of_it(vault: Vault, work: str, steady: Steady) -> None:
    """What was deleted or scaled after the backup is another matter: kubelet had ended those pods.

    They come back with the backup, and are started anew or made anew (docs/guide/backup-and-restore.md).
    """
    assert at_work(vault, work) == steady
