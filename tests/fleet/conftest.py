"""Fake hosts, real pyinfra: sites under sites/, what is wrong with their hosts by the environment."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from nightfleet.site import Site, load_site
from tests.fleet.depot import fill

HERE = Path(__file__).parent
FAULTS_DEPLOY = "tests/fleet/deploys/faults.py"


@pytest.fixture(autouse=True)
def state_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep every report of a test in its own folder."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> Callable[[Mapping[str, object]], None]:
    """Say what is wrong with which host, from the next pyinfra process on."""
    return lambda wrong: monkeypatch.setenv("FAULTS", json.dumps(wrong))


@pytest.fixture
def small() -> Site:
    """Return a site of one control plane and four workers."""
    return load_site(HERE / "sites/small/site.yaml")


@pytest.fixture
def toys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let fake hosts be toys, blank at first, and a depot have everything; return where the toys live."""
    return settle(tmp_path, monkeypatch)


def settle(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Point every command at toys, state and depot below `folder`."""
    (folder / "toys").mkdir()
    fill(folder / "cache")
    for variable, name in (("TOY_STATE", "toys"), ("XDG_CACHE_HOME", "cache"), ("XDG_STATE_HOME", "state")):
        monkeypatch.setenv(variable, str(folder / name))
    return folder / "toys"
