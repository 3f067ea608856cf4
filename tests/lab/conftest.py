"""One cluster for the whole tier, made by one command and taken down whatever happens."""

import functools
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from nightfleet.lab import machine, packages
from tests.lab.cluster import HOME, PROGRAMS, Cluster
from tests.lab.traces import labs, left_behind, traces

HERE = Path(__file__).parent
VERSIONS = ("1.36.3", "1.35.4")  # of Kubernetes; the older one is upgraded from


def pytest_configure() -> None:
    """Let SIGTERM be like Ctrl-C: pytest then runs the finalizers, which take labs down."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def _machine_has_what_labs_need() -> None:
    """Install it on a new machine: what looks for traces, before and after a lab, is among it."""
    if os.geteuid() == 0 and (needed := packages.missing(machine.gather())):
        packages.install_packages(needed)


@functools.cache
def fill_depot() -> None:
    """Bring what labs install before one is waited for: a new machine builds for a quarter of an hour."""
    versions = [word for version in VERSIONS for word in ("--kubernetes", version)]
    fetch = [PROGRAMS / "nightfleet", "depot", "fetch", *versions, "--install-packages"]
    subprocess.run(fetch, check=True, cwd=HOME, timeout=3000, stdout=sys.stderr)


@contextmanager
def laid_out(name: str, state: Path, sites: Path = HERE) -> Iterator[Cluster]:
    """Return a site of this tier with nothing of it on the machine, before and after."""
    fill_depot()
    there = Cluster(sites / f"site_{name}" / "site.yaml", state)
    there.take_down()  # what a killed session may have left
    before, others = traces(), labs()
    try:
        yield there
    finally:
        there.take_down()
    assert left_behind(before, traces(), others | labs()) == set()


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Return the cluster before there is anything of it, and leave nothing of it."""
    with laid_out("cluster", tmp_path_factory.mktemp("state")) as there:
        yield there


@pytest.fixture(scope="session")
def started(blank: Cluster) -> Any:
    """Make a cluster of blank hosts by the one command, and return what it printed."""
    return blank.nightfleet("lab", "up")


@pytest.fixture(scope="session")
def cluster(blank: Cluster, started: Any) -> Cluster:
    """Return the cluster, up and proven."""
    assert started["converge"]["nodes"]
    return blank
