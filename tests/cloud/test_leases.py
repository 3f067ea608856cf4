"""Leases on a real Blazar."""

import json
from pathlib import Path

import pytest
from cloud.box import Box, lend_a_host
from cloud.project import Project


@pytest.fixture(scope="module")
def leased(box: Box, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A site of a project that may lease the one host."""
    lend_a_host(box)
    place: Path = tmp_path_factory.mktemp("leased")
    return Project(place, box, "gpu-cluster")


def test_a_lease_that_is_too_short_for_the_longest_job_is_refused(leased: Project) -> None:
    said = leased.refused("leases", "create", "host", "--hours", "0.5")
    assert "shorter than the longest job band, 1 h" in said


def test_a_lease_is_made_once_and_told_to_the_machines(leased: Project) -> None:
    (lease,) = json.loads(leased.run("leases", "create", "host", "--hours", "2", "--json").stdout)
    assert lease["status"] == "ACTIVE"
    told = json.loads((leased.directory / "lease.auto.tfvars.json").read_text())
    assert told == {"leases": {"host": {"reservation": lease["reservation"], "flavor": None}}}
    (again,) = json.loads(leased.run("leases", "create", "host", "--hours", "2", "--json").stdout)
    assert again["id"] == lease["id"]


def test_a_longer_one_of_the_name_is_an_extension(leased: Project) -> None:
    assert "leases extend host --hours 7" in leased.refused("leases", "create", "host", "--hours", "9")


def test_it_is_due_before_its_end_and_later_after_it_was_extended(leased: Project) -> None:
    assert json.loads(leased.run("leases", "due", "--within", "180", "--json", fine=(1,)).stdout)
    leased.run("leases", "extend", "host", "--hours", "4")
    leased.run("leases", "due", "--within", "180")


def test_it_ends_and_the_machines_forget_it(leased: Project) -> None:
    leased.run("leases", "end", "host")
    assert json.loads(leased.run("leases", "list", "--json").stdout) == []
    told = json.loads((leased.directory / "lease.auto.tfvars.json").read_text())
    assert told == {"leases": {}}
    leased.run("leases", "end", "host")
