"""The life of a cluster: a highly available one for the whole package, made by one command.

NIGHTFLEET_LIFE=1 makes the one proof longer that is shortened by default (test_upgrade.py).
"""

from collections.abc import Iterator

import pytest

from tests.lab.cluster import Cluster
from tests.lab.conftest import laid_out


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have the tests of one cluster together: who makes a cluster of his own comes before it is there."""
    items.sort(key=place)


def place(item: pytest.Item) -> int:
    if item.path.parent.name != "life":
        return 2
    return int("ha" in getattr(item, "fixturenames", ()))


@pytest.fixture(scope="package")
def ha(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Return three control planes behind one address and two workers, up and proven.

    Tests leave it whole: every host up, every node Ready, three healthy members of etcd.
    """
    with laid_out("ha", tmp_path_factory.mktemp("state")) as there:
        printed = there.nightfleet("lab", "up")
        assert [node["ready"] for node in printed["cluster"]["nodes"]] == ["True"] * 5
        yield there
