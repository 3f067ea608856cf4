"""Claims about where the state is kept: it never stays behind, and never is another site's."""

import json
import shutil
from pathlib import Path

import pytest

from nightfleet.cloud import backend
from nightfleet.cloud.terraform import Terraform
from nightfleet.errors import Exit, NightfleetError
from nightfleet.site import Site
from nightfleet.site.load import load_before_it_is_made

TEXT = """\
site: {name}
cloud:
  directory: terraform
{more}classes:
  box: {{kind: vm}}
connection: {{user: debian, key: key}}
network: {{pods: 10.1.0.0/16, services: 10.2.0.0/16, cni: routed}}
"""
MAIN = 'resource "terraform_data" "this" {}\n'
needs_terraform = pytest.mark.skipif(shutil.which("terraform") is None, reason="needs terraform")


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "terraform").mkdir()
    (tmp_path / "terraform" / "main.tf").write_text(MAIN)


def site(tmp_path: Path, name: str = "small", more: str = "") -> Site:
    """A site whose root module is `terraform` beside it, with this in its section `cloud`."""
    path = tmp_path / f"{name}.yaml"
    path.write_text(TEXT.format(name=name, more=more))
    return load_before_it_is_made(path)


def kept_at(path: Path) -> str:
    return f"  backend: {{type: local, settings: {{path: {path}}}}}\n"


def applied(tmp_path: Path, more: str = "") -> Site:
    """A site with one resource in its state."""
    made = site(tmp_path, more=more)
    backend.prepare(made)
    apply(made)
    return made


def apply(made: Site) -> None:
    terraform = Terraform.of(made)
    file = made.path.with_name("x.tfplan")
    terraform.plan(file, on_line=lambda _line: None)
    terraform.apply(file, lambda _line: None)


def test_a_state_is_kept_with_the_site_and_not_in_the_clone(tmp_path: Path) -> None:
    wanted = {"local": {"path": str(tmp_path / "state/nightfleet/small/terraform.tfstate")}}
    assert json.loads(backend.backend_text(site(tmp_path)))["terraform"]["backend"] == wanted


def test_another_backend_is_written_as_the_site_says(tmp_path: Path) -> None:
    made = site(tmp_path, more="  backend: {type: s3, settings: {bucket: state, key: gpu.tfstate}}\n")
    assert json.loads(backend.backend_text(made)) == {
        "//": "small",
        "terraform": {"backend": {"s3": {"bucket": "state", "key": "gpu.tfstate"}}},
    }


@needs_terraform
def test_a_backend_that_was_changed_is_refused_and_its_state_goes_along_when_asked(tmp_path: Path) -> None:
    applied(tmp_path)
    changed = site(tmp_path, more=kept_at(tmp_path / "elsewhere.tfstate"))
    for use in (backend.prepare, backend.check):
        with pytest.raises(NightfleetError, match="the state is kept by") as refused:
            use(changed)
        assert refused.value.exit_code is Exit.REFUSED
        assert "--migrate-state" in refused.value.hint
    backend.prepare(changed, migrate=True)
    assert Terraform.of(changed).addresses() == ("terraform_data.this",)
    backend.prepare(changed)


@needs_terraform
def test_looking_where_a_state_would_go_touches_nothing_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_DATA_DIR", str(tmp_path / "data"))
    applied(tmp_path)
    changed = site(tmp_path, more=kept_at(tmp_path / "elsewhere.tfstate"))
    backend.prepare(changed, migrate=True)
    assert Terraform.of(changed).addresses() == ("terraform_data.this",)


@needs_terraform
def test_a_state_is_not_taken_over_another_one(tmp_path: Path) -> None:
    there = applied(tmp_path, kept_at(tmp_path / "one.tfstate"))
    backend.prepare(there)
    (tmp_path / "two.tfstate").write_text((tmp_path / "one.tfstate").read_text())
    with pytest.raises(NightfleetError, match="is one already, with 1 resources"):
        backend.prepare(site(tmp_path, more=kept_at(tmp_path / "two.tfstate")), migrate=True)
    backend.check(there)


@needs_terraform
def test_a_state_made_by_hand_does_not_stay_behind(tmp_path: Path) -> None:
    made = site(tmp_path)
    Terraform.of(made).init()
    apply(made)
    with pytest.raises(NightfleetError, match="state migration") as refused:
        backend.prepare(made)
    assert "--migrate-state" in refused.value.hint
    backend.prepare(made, migrate=True)
    assert Terraform.of(made).addresses() == ("terraform_data.this",)


@pytest.mark.parametrize("migrate", [False, True])
def test_a_directory_belongs_to_one_site(tmp_path: Path, migrate: bool) -> None:
    path = tmp_path / "terraform" / backend.FILE
    path.write_text(backend.backend_text(site(tmp_path, "other")))
    with pytest.raises(NightfleetError, match="of the site 'other', and 'small' is another") as refused:
        backend.prepare(site(tmp_path), migrate=migrate)
    assert refused.value.where == str(path)
    assert json.loads(path.read_text())["//"] == "other"


def test_a_file_that_somebody_else_wrote_is_not_read_as_ours(tmp_path: Path) -> None:
    (tmp_path / "terraform" / backend.FILE).write_text("[]")
    with pytest.raises(NightfleetError, match="not what nightfleet cloud init writes"):
        backend.check(site(tmp_path))
