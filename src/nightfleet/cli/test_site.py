"""Claims about `nightfleet site`, by running it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from nightfleet.cli.main import app
from nightfleet.errors import Exit

ROOT = Path(__file__).resolve().parents[3]


def nightfleet(*arguments: str) -> Result:
    """Run the command as a user would."""
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone with the examples in it, as the working directory."""
    (tmp_path / "deploys").mkdir()
    (tmp_path / "versions.yaml").symlink_to(ROOT / "versions.yaml")
    for example in ("lab", "campus", "rack", "openstack"):
        (tmp_path / "inventory" / example).mkdir(parents=True)
        for source in filter(Path.is_file, (ROOT / "inventory" / example).iterdir()):
            (tmp_path / "inventory" / example / source.name).write_bytes(source.read_bytes())
    monkeypatch.setenv("NIGHTFLEET_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("clone")
@pytest.mark.parametrize("name", ["lab", "campus", "rack", "openstack"])
def test_the_four_sites_pass_the_check_and_name_the_next_command(name: str) -> None:
    result = nightfleet("site", "check", "--site", name)
    assert result.exit_code == Exit.DONE
    assert f"inventory/{name}/site.yaml is right: " in result.stdout
    assert f"next: nightfleet plan --site {name}" in result.stdout


def test_a_faulty_site_ends_with_2_and_every_fault(clone: Path) -> None:
    path = clone / "inventory/lab/site.yaml"
    text = path.read_text()
    path.write_text(text.replace("cni: routed", "cni: rooted").replace("user: root", "usr: root"))
    result = nightfleet("site", "check")
    assert result.exit_code == Exit.USAGE
    assert "inventory/lab/site.yaml: 2 faults" in result.stderr
    assert "did you mean 'routed'?" in result.stderr
    assert not result.stdout


def test_faults_are_json_for_machines(clone: Path) -> None:
    path = clone / "inventory/lab/site.yaml"
    path.write_text(path.read_text().replace("cni: routed", "cni: rooted"))
    result = nightfleet("site", "check", "--json")
    assert result.exit_code == Exit.USAGE
    answer = json.loads(result.stdout)
    assert answer["ok"] is False
    (fault,) = answer["faults"]
    assert fault["at"] == ["network", "cni"]
    assert fault["hint"] == "did you mean 'routed'?"
    line = path.read_text().splitlines()[fault["line"] - 1]
    assert line.strip() == "cni: rooted"


def test_a_site_without_faults_is_json_too(clone: Path) -> None:
    answer = json.loads(nightfleet("site", "check", "--json", "-s", "campus").stdout)
    assert answer == {
        "ok": True,
        "path": str(clone / "inventory/campus/site.yaml"),
        "faults": [],
        "warnings": [],
    }


def test_a_version_outside_the_lock_is_a_fault(clone: Path) -> None:
    path = clone / "inventory/lab/site.yaml"
    path.write_text(path.read_text().replace("artifacts:", "artifacts:\n  runc: 0.0.1"))
    result = nightfleet("site", "check")
    assert result.exit_code == Exit.USAGE
    assert "runc 0.0.1 is not in versions.yaml" in result.stderr


@pytest.mark.usefixtures("clone")
def test_show_has_every_node_and_marks_defaults() -> None:
    result = nightfleet("site", "show")
    assert result.exit_code == Exit.DONE
    assert "lab-w2" in result.stdout and "10.78.22.0/24" in result.stdout
    assert "cni: routed\n" in result.stdout
    assert "cluster_domain: cluster.local  # default\n" in result.stdout


@pytest.mark.usefixtures("clone")
def test_show_gives_machines_all_nodes_of_a_range() -> None:
    shown = json.loads(nightfleet("site", "show", "--site", "campus", "--json").stdout)
    assert [node["name"] for node in shown["nodes"]][:3] == ["server-1", "desk-001", "desk-002"]
    assert len(shown["nodes"]) == 41


def test_the_schema_is_the_committed_one() -> None:
    assert nightfleet("site", "schema").stdout == (ROOT / "inventory/site.schema.json").read_text()


def test_init_starts_a_site_that_passes_its_own_check(clone: Path) -> None:
    result = nightfleet("site", "init", "basement", "--kind", "campus")
    assert result.exit_code == Exit.DONE
    assert (clone / "inventory/basement/hosts.py").read_text() == (
        clone / "inventory/lab/hosts.py"
    ).read_text()
    assert nightfleet("site", "check", "--site", "basement").exit_code == Exit.DONE


def test_init_overwrites_nothing(clone: Path) -> None:
    before = (clone / "inventory/lab/site.yaml").read_text()
    result = nightfleet("site", "init", "lab")
    assert result.exit_code == Exit.REFUSED
    assert (clone / "inventory/lab/site.yaml").read_text() == before


@pytest.mark.parametrize("name", ["Basement", "../up"])
def test_init_refuses_a_name_before_it_writes(clone: Path, name: str) -> None:
    assert nightfleet("site", "init", name).exit_code == Exit.USAGE
    assert len(list((clone / "inventory").iterdir())) == 4


@pytest.mark.usefixtures("clone")
def test_an_unknown_site_is_answered_with_the_nearest() -> None:
    result = nightfleet("site", "show", "--site", "campsu")
    assert result.exit_code == Exit.USAGE
    assert "did you mean 'campus'?" in result.stderr


@pytest.mark.parametrize("command", ["check", "show", "schema", "init"])
def test_every_command_has_an_example(command: str) -> None:
    assert f"Example: nightfleet site {command}" in nightfleet("site", command, "--help").stdout
