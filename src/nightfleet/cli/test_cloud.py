"""Claims about `nightfleet cloud`, as far as no cloud is needed."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from nightfleet.cli.cloud import again
from nightfleet.cli.cloud_show import print_judged, print_refusal
from nightfleet.cli.main import app
from nightfleet.cloud.budget import Budget
from nightfleet.cloud.conftest import SITE
from nightfleet.cloud.course import Judged, as_json
from nightfleet.cloud.guard import Refusal, judge
from nightfleet.cloud.occupied import Occupied
from nightfleet.cloud.planfile import read_plan
from nightfleet.cloud.terraform import Terraform
from nightfleet.errors import Exit

ADDRESS = 'module.nodes.openstack_compute_instance_v2.node["os-w1"]'
CHANGE = {
    "address": ADDRESS,
    "mode": "managed",
    "type": "openstack_compute_instance_v2",
    "index": "os-w1",
    "change": {
        "actions": ["update"],
        "before": {"name": "os-w1", "image_id": "a", "admin_pass": "hidden"},
        "after": {"name": "os-w1", "image_id": "b", "admin_pass": "hidden"},
    },
}


@pytest.fixture
def site(tmp_path: Path) -> str:
    """A site whose machines nobody has made."""
    path = tmp_path / "site.yaml"
    path.write_text(SITE)
    return str(path)


@pytest.fixture
def judged() -> Judged:
    """A plan that is refused: a machine gets a new image while a pod runs there."""
    changes = read_plan({"format_version": "1.2", "resource_changes": [CHANGE]})
    verdict = judge(changes, Occupied(pods={"os-w1": ("ml/train-0",)}))
    fits = Budget({"cores": 4}, (), (), 0.0, "EUR")
    return Judged(Path("x.tfplan"), changes, verdict, fits, {}, Occupied())


def run(*words: str) -> tuple[int, str]:
    """Return the exit code and what was said."""
    ended = CliRunner().invoke(app, ["cloud", *words])
    return ended.exit_code, " ".join((ended.stdout + ended.stderr).split())


def test_a_site_without_the_section_is_told_where_to_look() -> None:
    code, said = run("plan", "--site", "lab")
    assert code == Exit.USAGE
    assert "the site 'lab' has no section 'cloud'" in said


def test_destroy_wants_the_name_of_this_very_site(site: str) -> None:
    code, said = run("destroy", "--everything", "other", "--site", site)
    assert code == Exit.USAGE
    assert "--everything names 'other', the site is 'small'" in said


def test_a_directory_that_is_not_there_is_a_mistake_in_the_site(site: str) -> None:
    code, said = run("init", "--site", site)
    assert code == Exit.USAGE
    assert "there is no directory" in said


def test_what_init_would_write_can_be_looked_at(site: str, tmp_path: Path) -> None:
    (tmp_path / "terraform").mkdir()
    code, said = run("init", "--dry-run", "--json", "--site", site)
    assert code == Exit.DONE
    assert json.loads(said)["//"] == "small"
    assert not list((tmp_path / "terraform").iterdir())


def test_what_output_would_record_can_be_looked_at(
    site: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "terraform").mkdir()
    node = {"role": "worker", "class": "box", "address": "192.168.61.11"}
    handover = {"schema": 1, "name": "small", "network": "192.168.61.0/24", "nodes": {"small-w1": node}}
    outputs = json.dumps({"nightfleet": {"value": handover}})
    monkeypatch.setattr(Terraform, "output", lambda _self: outputs)
    code, said = run("output", "--dry-run", "--site", site)
    assert code == Exit.DONE
    assert "would be recorded" in said
    assert not (tmp_path / "outputs.json").exists()


def test_destroying_a_single_node_is_no_plan_that_anybody_could_carry_out(site: str) -> None:
    code, said = run("plan", "--destroy", "--only", "os-w1", "--site", site)
    assert code == Exit.USAGE
    assert "cloud destroy` takes everything away" in said


def test_the_next_command_has_the_options_of_the_plan() -> None:
    assert again("apply", "gpu", ["os-w1"], ["os-w1"]) == (
        "nightfleet cloud apply --only os-w1 --allow-replace os-w1 --site gpu"
    )
    assert again("destroy", "gpu", (), None, "gpu") == "nightfleet cloud destroy --everything gpu --site gpu"


def test_a_refusal_shows_the_resource_what_forces_it_and_the_way_out(judged: Judged) -> None:
    said = io.StringIO()
    print_judged(Console(file=said, width=200), judged)
    lines = said.getvalue().splitlines()
    assert lines[0] == f"  ~ {ADDRESS}  (image_id)"
    assert "needs: 4 cores" in lines
    assert any(line.startswith("refused: os-w1 would be rebuilt in place") for line in lines)
    assert f"  {ADDRESS}, forced by image_id" in lines
    assert any("nightfleet node leave os-w1" in line for line in lines)
    assert lines[-1] == "1 to update"


def test_what_nobody_can_open_is_not_offered() -> None:
    refusal = Refusal("x would be made smaller", "x", "size", "write the size that it has", opens="")
    said = io.StringIO()
    print_refusal(Console(file=said, width=200), refusal)
    assert "--allow-replace" not in said.getvalue()


def test_what_machines_read_holds_no_values_of_resources(judged: Judged) -> None:
    text = json.dumps(as_json(judged))
    assert "hidden" not in text
    assert json.loads(text)["may_go"] is False
