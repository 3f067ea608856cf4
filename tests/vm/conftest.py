"""One VM per module; taken down whatever happens.

Until these proofs have been seen to pass, they are asked for by NIGHTFLEET_VM=1, and the summary says that
they were skipped.
"""

import os
from collections.abc import Iterator

import pytest

from tests.vm import image
from tests.vm.vm import Vm

PROVEN: set[str] = set()
WHY = "not yet seen to pass: NIGHTFLEET_VM=1 make test runs it"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what was not asked for, and say so."""
    if not os.environ.get("NIGHTFLEET_VM"):
        for item in items:
            if item.path.parent.name == "vm" and item.path.name not in PROVEN:
                item.add_marker(pytest.mark.skip(reason=WHY))


@pytest.fixture(scope="module")
def vm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vm]:
    """Return a machine that is off and has only its root disk."""
    folder = tmp_path_factory.mktemp("vm")
    there = Vm(folder, image.make(folder))
    there.renew()
    try:
        yield there
    finally:
        there.cut()
        for path in folder.glob("*.raw"):
            path.unlink()
