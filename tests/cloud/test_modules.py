"""`terraform test` of every module, and `validate` of every example, with the real provider's schema."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from cloud.box import ROOT

FOLDERS = sorted(path.parent for path in (ROOT / "terraform").rglob("main.tf"))


def terraform(folder: Path, *words: str) -> str:
    """Run terraform in a folder; its output is the failure."""
    ended = subprocess.run(
        ["terraform", f"-chdir={folder}", *words, "-no-color"],
        env={**os.environ, "TF_IN_AUTOMATION": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.mark.usefixtures("_provider")
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_provider_accepts_it_and_its_claims_hold(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "terraform", tmp_path / "terraform", ignore=shutil.ignore_patterns(".terraform"))
    place = tmp_path / folder.relative_to(ROOT)
    terraform(place, "init", "-backend=false")
    terraform(place, "validate")
    if (place / "tests").is_dir():
        assert "Success!" in terraform(place, "test")
