"""`nightfleet upgrade` where no cluster is needed: wrong commands."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from nightfleet.cli.main import app
from nightfleet.cli.upgrade import asked
from nightfleet.errors import Exit, NightfleetError
from nightfleet.upgrade.conftest import TEXT


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    path = tmp_path / "site.yaml"
    path.write_text(TEXT)
    return str(path)


def test_the_site_file_is_the_wish_and_another_version_is_refused_with_its_line(site: str) -> None:
    assert asked(site, None).artifacts.kubernetes == asked(site, "v1.36.3").artifacts.kubernetes == "1.36.3"
    with pytest.raises(NightfleetError) as caught:
        asked(site, "1.37.0")
    assert caught.value.exit_code == Exit.USAGE
    assert caught.value.where == f"{site}:9"
    assert "write 'kubernetes: 1.37.0' under 'artifacts:' there" in caught.value.hint


@pytest.mark.parametrize("verb", ["plan", "run"])
def test_without_a_cluster_there_is_nothing_to_upgrade(site: str, verb: str) -> None:
    done = CliRunner().invoke(app, ["upgrade", verb, "--site", site])
    assert done.exit_code == Exit.FAILED
    assert "no cluster was made from here" in done.output
