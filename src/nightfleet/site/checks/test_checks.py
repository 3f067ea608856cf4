"""Every check, by what it says about a small site after an edit; the cases are in cases.yaml."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from nightfleet.site.checks import (
    CHECKS,
    backup,
    cephfs,
    cloud,
    cluster,
    disks,
    endpoint,
    machines,
    networks,
    nfs,
    ranges,
    secrets,
    settings,
    warn,
    wisdom,
)
from nightfleet.site.conftest import Faults
from nightfleet.site.faults import Fault
from nightfleet.site.load import parse_site

ROOMS = (
    backup,
    cephfs,
    cloud,
    disks,
    ranges,
    networks,
    nfs,
    machines,
    cluster,
    endpoint,
    settings,
    secrets,
    wisdom,
)
WARNINGS = {check.__name__ for check in wisdom.WISDOM}
CASES: dict[str, dict[str, dict[str, Any]]] = yaml.safe_load(
    Path(__file__).with_name("cases.yaml").read_text(encoding="utf-8")
)


def cases(of_warnings: bool) -> list[Any]:
    """Return the cases as parameters, named by their claims."""
    return [
        pytest.param(case, id=claim.replace(" ", "-"))
        for check, claims in CASES.items()
        if (check in WARNINGS) is of_warnings
        for claim, case in claims.items()
    ]


@pytest.mark.parametrize("case", cases(of_warnings=False))
def test_a_check_finds_its_fault_and_no_other_does(case: dict[str, Any], faults: Faults) -> None:
    assert faults(*case.get("edits", {}).items(), add=case.get("add", "")) == case["faults"]


@pytest.mark.parametrize("case", cases(of_warnings=True))
def test_a_warning_lets_the_site_pass(case: dict[str, Any], small: str) -> None:
    for old, new in case["edits"].items():
        small = small.replace(old, new)
    site = parse_site(small.encode(), Path("site.yaml"))
    found = sorted((site.located(fault) for fault in warn(site)), key=lambda fault: fault.line)
    assert [f"{fault.line}: {fault.what}" for fault in found] == case["faults"]


def test_every_check_has_a_case() -> None:
    assert set(CASES) == {check.__name__ for check in (*CHECKS, *wisdom.WISDOM)}


def test_every_check_that_is_written_is_registered() -> None:
    written = {
        value
        for room in ROOMS
        for value in vars(room).values()
        if getattr(value, "__annotations__", {}).get("return") == Iterator[Fault]
    }
    assert written == {*CHECKS, *wisdom.WISDOM}


def test_the_small_site_has_no_fault(faults: Faults) -> None:
    assert faults() == []


@pytest.mark.parametrize(
    "add",
    [
        pytest.param("smoke: {timeout: '-----BEGIN RSA PRIVATE KEY-----hunter2'}\n", id="key-as-a-number"),
        pytest.param("artifacts: {kubernetes: 'http://me:hunter2@x'}\n", id="url-as-a-version"),
        pytest.param("artifacts: {depot: 'http://me:hunter2@x'}\n", id="url-with-a-password"),
    ],
)
def test_a_secret_is_told_and_never_shown(faults: Faults, add: str) -> None:
    (fault,) = faults(add=add)
    assert "hunter2" not in fault
    assert "secret" in fault or "password" in fault
