"""Claims about `nightfleet cloud leases`, before a cloud of our own."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from nightfleet.cli import cloud_leases
from nightfleet.cli.main import app
from nightfleet.cloud.blazar import Blazar
from nightfleet.errors import Exit

SITE = """\
site: small
cloud:
  directory: terraform
  leases: {longest_job: 24, reserve: {gpu: {kind: host}}}
classes:
  box: {kind: vm}
connection: {user: debian, key: key}
network: {pods: 10.1.0.0/16, services: 10.2.0.0/16, cni: routed}
"""


class Leases:
    """Blazar's leases, and what was asked of them."""

    def __init__(self, *leases: dict[str, Any]) -> None:
        self.leases = list(leases)

    def list(self) -> Any:
        return self.leases

    def get(self, identity: str) -> Any:
        return next(one for one in self.leases if one["id"] == identity)

    def create(self, **asked: Any) -> Any:
        assert asked["start"] == "now"
        self.leases.append(lease(asked["name"], 72))
        return self.leases[-1]

    def delete(self, identity: str) -> None:
        self.leases = [one for one in self.leases if one["id"] != identity]

    def update(self, identity: str, end_date: str) -> Any:
        self.get(identity)["end_date"] = end_date
        return self.get(identity)


def lease(name: str, hours: float) -> dict[str, Any]:
    """A lease of one host that ends in so many hours, as Blazar tells it."""
    now = datetime.now(UTC)
    reservation = {"id": f"r-{name}", "resource_type": "physical:host", "min": 1, "max": 1}
    return {
        "id": name,
        "name": name,
        "status": "ACTIVE",
        "start_date": now.strftime("%Y-%m-%d %H:%M"),
        "end_date": (now + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%S.%f"),
        "reservations": [reservation],
    }


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "terraform").mkdir()
    path = tmp_path / "site.yaml"
    path.write_text(SITE)
    return str(path)


Cloud = Callable[..., Leases]


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """Make a cloud with these leases and machines on them."""

    def make(*leases: dict[str, Any], on_gpu: tuple[str, ...] = ()) -> Leases:
        there = Leases(*leases)
        hint = {"reservation": "r-gpu"}
        servers = [
            SimpleNamespace(name=name, flavor={}, scheduler_hints=hint, metadata={}) for name in on_gpu
        ]
        connection = SimpleNamespace(compute=SimpleNamespace(servers=lambda: servers))
        blazar = Blazar.__new__(Blazar)
        blazar._client = SimpleNamespace(lease=there)
        monkeypatch.setattr(cloud_leases, "connect", lambda _section: connection)
        monkeypatch.setattr(cloud_leases, "Blazar", lambda _connection: blazar)
        return there

    return make


def run(*words: str) -> tuple[int, str]:
    """Return the exit code and what was said."""
    ended = CliRunner().invoke(app, ["cloud", "leases", *words])
    return ended.exit_code, " ".join((ended.stdout + ended.stderr).split())


def test_a_lease_can_be_looked_at_before_it_is_asked_for(site: str) -> None:
    words = ("create", "gpu", "--hours", "48", "--dry-run", "--site", site)
    code, said = run(*words, "--json")
    assert code == Exit.DONE
    assert json.loads(said)["reservations"][0]["resource_type"] == "physical:host"
    assert run(*words)[1].startswith("would reserve gpu: 1 host from now until 20")


def test_a_lease_that_is_too_short_ends_with_3_and_names_the_file(site: str) -> None:
    code, said = run("create", "gpu", "--hours", "8", "--site", site)
    assert code == Exit.REFUSED
    assert "shorter than the longest job band" in said
    assert "cloud.leases.longest_job" in said


def test_a_lease_of_the_name_that_ends_soon_is_not_the_one_that_was_asked_for(
    site: str, cloud: Cloud
) -> None:
    cloud(lease("gpu", 0.2))
    code, said = run("create", "gpu", "--hours", "72", "--site", site)
    assert code == Exit.REFUSED
    assert "leases extend gpu --hours 72" in said


def test_a_lease_is_made_once_and_told_by_its_name(site: str, cloud: Cloud, tmp_path: Path) -> None:
    there = cloud(lease("theirs", 99))
    for _ in range(2):
        assert run("create", "gpu", "--hours", "72", "--site", site)[0] == Exit.DONE
    assert [one["name"] for one in there.leases] == ["theirs", "gpu"]
    told = json.loads((tmp_path / "terraform" / "lease.auto.tfvars.json").read_text())
    assert told == {"leases": {"gpu": {"reservation": "r-gpu", "flavor": None}}}


def test_a_lease_with_machines_on_it_is_not_ended(site: str, cloud: Cloud) -> None:
    there = cloud(lease("gpu", 9), on_gpu=("os-w03", "os-w04"))
    for more in ((), ("--dry-run",)):
        code, said = run("end", "gpu", "--site", site, *more)
        assert code == Exit.REFUSED
        assert "os-w03, os-w04" in said
        assert "nightfleet node leave os-w03" in said
    assert there.leases


def test_whoever_says_so_ends_it_with_its_machines(site: str, cloud: Cloud) -> None:
    there = cloud(lease("gpu", 9), lease("theirs", 9), on_gpu=("os-w03",))
    code, said = run("end", "gpu", "--delete-servers", "--dry-run", "--site", site)
    assert (code, len(there.leases)) == (Exit.DONE, 2)
    assert "deleted with it: os-w03" in said
    assert run("end", "gpu", "--delete-servers", "--site", site)[0] == Exit.DONE
    assert [one["name"] for one in there.leases] == ["theirs"]


def test_a_lease_without_machines_just_ends(site: str, cloud: Cloud) -> None:
    there = cloud(lease("gpu", 9))
    assert run("end", "gpu", "--site", site)[0] == Exit.DONE
    assert not there.leases


def test_a_later_end_can_be_looked_at_first(site: str, cloud: Cloud) -> None:
    there = cloud(lease("gpu", 9))
    before = there.leases[0]["end_date"]
    code, said = run("extend", "gpu", "--hours", "24", "--dry-run", "--json", "--site", site)
    assert code == Exit.DONE
    end = datetime.fromisoformat(json.loads(said)[0]["end"])
    assert end > datetime.now(UTC) + timedelta(hours=32)
    assert there.leases[0]["end_date"] == before


def test_the_wind_down_is_not_begun_for_the_lease_of_somebody_else(site: str, cloud: Cloud) -> None:
    cloud(lease("theirs", 0.5), lease("gpu", 72))
    assert run("due", "--site", site)[0] == Exit.DONE
    cloud(lease("theirs", 72), lease("gpu", 0.5))
    assert run("due", "--site", site)[0] == Exit.FAILED
