"""The life of a cluster: a highly available one for the whole package, made by one command.

NIGHTFLEET_LIFE=1 makes the one proof longer that is shortened by default (test_upgrade.py).
"""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.lab.cluster import Cluster, wait_until
from tests.lab.conftest import laid_out
from tests.lab.life.bucket_server import BUCKET, serving
from tests.lab.life.objects import Objects
from tests.lab.life.vault import KEEP, STEADY, Steady, Vault, at_work, deployment_of, ready


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have the tests of one cluster together: who makes a cluster of his own comes before it is there.

    Those with backups come last: the cluster keeps making them.
    """
    items.sort(key=place)


def place(item: pytest.Item) -> int:
    if item.path.parent.name != "life":
        return 3
    fixtures = getattr(item, "fixturenames", ())
    return int("ha" in fixtures) + int("vault" in fixtures)


@pytest.fixture(scope="package")
def ha(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Return three control planes behind one address and two workers, up and proven.

    Tests leave it whole: every host up, every node Ready, three healthy members of etcd.
    """
    with laid_out("ha", tmp_path_factory.mktemp("state")) as there:
        printed = there.nightfleet("lab", "up")
        assert [node["ready"] for node in printed["cluster"]["nodes"]] == ["True"] * 5
        yield there


@pytest.fixture(scope="package")
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


@pytest.fixture(scope="package")
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
    for deployment, args in (("kept", ["pause"]), ("steady", STEADY)):
        api.post(f"/apis/apps/v1/namespaces/{name}/deployments", deployment_of(deployment, args))
    for deployment in ("kept", "steady"):
        wait_until(lambda one=deployment: ready(vault, name, one) == 2, f"{deployment} to be ready", 180)
    return name


@pytest.fixture(scope="package")
def snapshot(vault: Vault, work: str) -> tuple[Any, Objects]:
    """Make a backup while the cluster is as it is, and return both."""
    assert work

    def still() -> Any:
        before = vault.objects()
        bag = vault.cluster.nightfleet("backup", "now")
        return (bag, before) if before == vault.objects() else None

    found: tuple[Any, Objects] = wait_until(still, "a backup in which nothing changed", 180)
    return found


@pytest.fixture(scope="package")
def steady(vault: Vault, snapshot: tuple[Any, Objects], work: str) -> Steady:
    """Return the pods that no test touches, as they are at the time of the backup."""
    assert snapshot
    uids, processes = at_work(vault, work)
    assert (len(uids), len(processes)) == (2, 2)
    return uids, processes
