"""Claims about new sites."""

from pathlib import Path

import pytest

from nightfleet.errors import NightfleetError
from nightfleet.site.load import parse_site
from nightfleet.site.start import Example, started

INVENTORY = Path(__file__).resolve().parents[3] / "inventory"


@pytest.mark.parametrize("example", Example)
def test_every_example_starts_a_site_without_faults_under_its_own_name(example: Example) -> None:
    text = (INVENTORY / example / "site.yaml").read_text(encoding="utf-8")
    new = started(text, example, "basement")
    path = INVENTORY / example / "site.yaml"  # beside it lies what Terraform said, where it made the machines
    assert parse_site(new.encode(), path).site == "basement"
    assert len(new.splitlines()) == len(text.splitlines())
    assert f"--site {example}" not in new


def test_a_lab_of_ones_own_keeps_its_keys_apart() -> None:
    text = (INVENTORY / "lab" / "site.yaml").read_text(encoding="utf-8")
    site = parse_site(started(text, Example.LAB, "mine").encode(), Path("site.yaml"))
    assert site.connection.key == "/var/lib/nightfleet/lab/mine/ssh/id_ed25519"


@pytest.mark.parametrize("name", ["", "Lab", "../x", "a b", "-a", "x" * 64])
def test_a_name_that_could_not_be_a_directory_and_a_host_name_is_refused(name: str) -> None:
    with pytest.raises(NightfleetError, match="cannot be the name of a site"):
        started("site: lab\n", Example.LAB, name)
