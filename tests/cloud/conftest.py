"""The cloud tier: one OpenStack for all of it, with an empty state, stopped in the end.

Files that were not yet seen green often enough are skipped and say so; NIGHTFLEET_CLOUD=1 runs them all.
"""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from cloud import box as boxes
from cloud.box import Box
from cloud.project import Project

# Names of files that were seen green three times in a row as they stand. Of the others most were seen
# green once or twice; test_life.py was not yet green to its end (roll, doctor, the last destroy).
PROVEN = frozenset({"test_modules.py"})


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what was not seen green often enough as it stands."""
    here = Path(__file__).parent
    for item in items:
        unseen = here in item.path.parents and item.path.name not in PROVEN
        if unseen and not os.environ.get("NIGHTFLEET_CLOUD"):
            item.add_marker(
                pytest.mark.skip(reason="not yet seen green three times in a row: NIGHTFLEET_CLOUD=1 runs it")
            )


def pytest_configure() -> None:
    """Let SIGTERM be like Ctrl-C: pytest then runs the finalizers, which stop the services."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.fixture(scope="session")
def box() -> Iterator[Box]:
    """The services; skipped with one line where they cannot run."""
    if reason := boxes.why_not():
        pytest.skip(reason)
    with boxes.running() as there:
        yield there


@pytest.fixture(scope="session")
def _provider() -> None:
    """Skip what needs the real provider where it is not."""
    if reason := boxes.provider():
        pytest.skip(reason)


@pytest.fixture(scope="module")
def small(box: Box, _provider: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The small example on the box, initialised and not yet applied."""
    place: Path = tmp_path_factory.mktemp("small")
    project = Project(place, box, "small", flavor="nf.small", disk=1)
    project.run("init")
    try:
        yield project
    finally:
        project.take_down()
