"""Claims about finding the clone and the site files in it."""

from pathlib import Path

import pytest

from nightfleet.errors import Exit, NightfleetError
from nightfleet.home import home, is_clone, site_names, site_path


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone with the sites attic and lab, and the working directory somewhere below it."""
    root = tmp_path / "clone"
    for site in ("attic", "lab"):
        (root / "inventory" / site).mkdir(parents=True)
        (root / "inventory" / site / "site.yaml").touch()
    (root / "versions.yaml").touch()
    (root / "deploys" / "deep").mkdir(parents=True)
    monkeypatch.delenv("NIGHTFLEET_HOME", raising=False)
    monkeypatch.chdir(root / "deploys" / "deep")
    return root


def test_the_clone_is_found_from_any_directory_inside_it(clone: Path) -> None:
    assert home() == clone
    assert is_clone(clone)


def test_the_variable_goes_before_the_working_directory(
    clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    (other / "deploys").mkdir(parents=True)
    (other / "versions.yaml").touch()
    monkeypatch.setenv("NIGHTFLEET_HOME", str(other))
    assert home() == other != clone


def test_a_variable_that_names_no_clone_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIGHTFLEET_HOME", str(tmp_path))
    with pytest.raises(NightfleetError, match="is not a clone") as caught:
        home()
    assert caught.value.exit_code is Exit.USAGE


def test_a_name_means_the_site_under_inventory(clone: Path) -> None:
    assert site_path("attic") == clone / "inventory/attic/site.yaml"
    assert site_path() == clone / "inventory/lab/site.yaml"
    assert site_names() == ["attic", "lab"]


def test_a_path_means_itself_and_a_directory_means_the_site_file_in_it(clone: Path) -> None:
    assert site_path("my/site.yaml") == Path("my/site.yaml")
    assert site_path("site.yml") == Path("site.yml")
    assert site_path(f"{clone}/inventory/attic") == clone / "inventory/attic/site.yaml"


def test_an_unknown_name_is_answered_with_the_nearest_and_with_all(clone: Path) -> None:
    with pytest.raises(NightfleetError, match="did you mean 'attic'") as caught:
        site_path("atic")
    assert "attic, lab" in caught.value.hint
    assert caught.value.where == str(clone / "inventory")
