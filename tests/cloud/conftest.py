"""The cloud tier: one OpenStack for all of it, with an empty state, stopped in the end.

What needs the real Terraform provider is skipped where it is not, and says so; Heat, leases and copies run.
"""

import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from cloud import box as boxes
from cloud.box import Box
from cloud.project import Project


def pytest_configure() -> None:
    """Let SIGTERM be like Ctrl-C: pytest then runs the finalizers, which stop the services."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.fixture(scope="session")
def box() -> Iterator[Box]:
    """The services; skipped with one line where they cannot run."""
    if reason := boxes.why_not():
        pytest.skip(reason)
    with ExitStack() as at_the_end:
        try:
            there = at_the_end.enter_context(boxes.running())
        except boxes.DoesNotStart as error:
            pytest.skip(f"the OpenStack services do not start here: {error}")
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
