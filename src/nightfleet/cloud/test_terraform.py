"""Claims about the wrapper, on the real tool with its built-in resource; no provider, no cloud."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nightfleet.cloud.stream import Line, Said
from nightfleet.cloud.terraform import Terraform
from nightfleet.errors import NightfleetError

MAIN = """\
variable "text" {
  default = "one"
}
resource "terraform_data" "this" {
  input = var.text
  provisioner "local-exec" {
    command = "sleep ${fileexists("slow") ? 3 : 0}"
  }
}
output "text" {
  value = terraform_data.this.output
}
"""
pytestmark = pytest.mark.skipif(shutil.which("terraform") is None, reason="needs terraform")


@pytest.fixture
def terraform(tmp_path: Path) -> Terraform:
    """A directory with one resource, initialised."""
    (tmp_path / "main.tf").write_text(MAIN)
    there = Terraform(tmp_path)
    there.init()
    return there


def test_a_plan_is_applied_as_it_lies_in_its_file(terraform: Terraform, tmp_path: Path) -> None:
    heard: list[Line] = []
    file = tmp_path / "plans" / "one.tfplan"
    assert terraform.plan(file, on_line=heard.append)
    assert file.stat().st_mode & 0o077 == 0
    assert terraform.show(file)["resource_changes"][0]["change"]["actions"] == ["create"]
    terraform.apply(file, heard.append)
    assert Line(Said.DONE, "terraform_data.this", "create") in heard
    assert json.loads(terraform.output())["text"]["value"] == "one"
    assert terraform.addresses() == ("terraform_data.this",)


def test_a_plan_with_nothing_to_do_is_no_fault(terraform: Terraform, tmp_path: Path) -> None:
    file = tmp_path / "one.tfplan"
    terraform.plan(file)
    terraform.apply(file, lambda _line: None)
    assert not terraform.plan(file, on_line=lambda _line: None)


def test_a_plan_to_destroy_is_a_plan_like_any_other(terraform: Terraform, tmp_path: Path) -> None:
    file = tmp_path / "one.tfplan"
    terraform.plan(file)
    terraform.apply(file, lambda _line: None)
    assert terraform.plan(file, destroy=True, on_line=lambda _line: None)
    terraform.apply(file, lambda _line: None)
    assert terraform.addresses() == ()


def test_what_is_wrong_is_said_in_terraforms_words_with_the_way_out(
    terraform: Terraform, tmp_path: Path
) -> None:
    (tmp_path / "main.tf").write_text(MAIN + 'resource "terraform_data" "this" {}\n')
    with pytest.raises(NightfleetError, match='terraform plan: Duplicate resource "terraform_data"'):
        terraform.plan(tmp_path / "one.tfplan")


def test_a_directory_that_was_never_prepared_names_init(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text('module "x" {\n  source = "./x"\n}\n')
    (tmp_path / "x").mkdir()
    with pytest.raises(NightfleetError) as error:
        Terraform(tmp_path).plan(tmp_path / "one.tfplan")
    assert "terraform plan: " in error.value.what


def test_a_state_that_cannot_be_read_is_not_an_empty_one(tmp_path: Path) -> None:
    there = Terraform(tmp_path)
    assert there.addresses() == ()
    (tmp_path / "terraform.tfstate").write_text("half of a sta")
    with pytest.raises(NightfleetError, match="terraform state list: "):
        there.addresses()


def test_a_tool_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(NightfleetError, match="'tofu-of-nobody' is not installed"):
        Terraform(tmp_path, "tofu-of-nobody").init()


def test_whoever_follows_may_be_killed_and_terraform_ends_its_work(
    terraform: Terraform, tmp_path: Path
) -> None:
    """A pipe would break, and Terraform would die between making a thing and writing it down."""
    (tmp_path / "slow").touch()
    file = tmp_path / "one.tfplan"
    terraform.plan(file, on_line=lambda _line: None)
    script = (
        "import sys; from pathlib import Path; from nightfleet.cloud.terraform import Terraform;"
        "Terraform(Path(sys.argv[1])).apply(Path(sys.argv[2]),"
        " lambda line: print(line.said, flush=True))"
    )
    follower = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path), str(file)], stdout=subprocess.PIPE, text=True
    )
    assert follower.stdout
    while follower.stdout.readline().strip() != Said.STARTED:
        assert follower.poll() is None
    os.kill(follower.pid, signal.SIGKILL)
    follower.wait()
    end = time.monotonic() + 30
    while not terraform.addresses():
        assert time.monotonic() < end
        time.sleep(0.2)
