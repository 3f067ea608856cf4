"""Claims about node roles: each is a part of the story that deploys/fleet.py tells, in its order."""

import ast
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import pytest
import yaml

from nightfleet.site import Role, Site, load_site

ROOT = Path(__file__).resolve().parents[1]
ROLES = [role.value for role in Role]


def calls(path: Path, body: list[ast.stmt]) -> list[str]:
    """Return what is called in `body`, in order, as module.function whatever it is called there."""
    origins = {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    return [origins[name] for statement in body for name in called(statement) if name in origins]


def called(statement: ast.stmt) -> Iterator[str]:
    """Yield the functions that a statement, or what stands in its branches, calls."""
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Name(id=name))):
            yield name
        case ast.If():
            for inner in (*statement.body, *statement.orelse):
                yield from called(inner)


def story() -> list[str]:
    """Return the calls of deploys/fleet.py."""
    fleet = ROOT / "deploys" / "fleet.py"
    return calls(fleet, ast.parse(fleet.read_text(encoding="utf-8")).body)


def steps(role: str) -> list[str]:
    """Return the calls of a role's deploy."""
    path = ROOT / "roles" / role / "__init__.py"
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name == role:
            return calls(path, node.body)
    raise AssertionError(f"roles/{role} has no deploy of its name")


def scenario(role: str) -> Path:
    """Return the folder of a role's scenario."""
    return ROOT / "roles" / role / "molecule" / "default"


def scenario_site(role: str) -> Site:
    """Return the site of a role's scenario."""
    return load_site(scenario(role) / "site.yaml")


def test_the_story_is_read_whole() -> None:
    assert story()[0] == "deploys.base.base"
    assert "deploys.kubernetes.begin" in story()  # which stands in a branch


@pytest.mark.parametrize("role", ROLES)
def test_a_role_is_a_part_of_the_story_in_its_order(role: str) -> None:
    chapters = iter(story())
    strange = [step for step in steps(role) if step not in chapters]
    assert not strange, f"not in the order of deploys/fleet.py: {strange}"


@pytest.mark.parametrize("role", ROLES)
def test_every_role_begins_with_the_machine_itself(role: str) -> None:
    assert steps(role)[0] == "deploys.base.base"


@pytest.mark.parametrize("role", ROLES)
def test_its_scenario_verifies_every_capability_of_the_role(role: str) -> None:
    molecule = yaml.safe_load((scenario(role) / "molecule.yml").read_text(encoding="utf-8"))
    files = molecule["verifier"]["additional_files_or_dirs"]
    verified = {Path(file).parent.name for file in files}
    assert verified == {step.split(".")[1] for step in steps(role)}
    assert all((scenario(role) / file).is_file() for file in files)


@pytest.mark.parametrize("role", ROLES)
def test_its_scenario_proves_that_a_second_run_changes_nothing(role: str) -> None:
    molecule = yaml.safe_load((scenario(role) / "molecule.yml").read_text(encoding="utf-8"))
    sequence = molecule["scenario"]["test_sequence"]
    assert [sequence[0], sequence[-1]] == ["destroy", "destroy"]
    assert sequence.index("converge") < sequence.index("idempotence") < sequence.index("verify")


@pytest.mark.parametrize("role", ROLES)
def test_its_scenario_has_a_node_of_the_role_and_molecule_knows_all_nodes(role: str) -> None:
    site = scenario_site(role)
    assert site.having(Role(role))
    molecule = yaml.safe_load((scenario(role) / "molecule.yml").read_text(encoding="utf-8"))
    assert [p["name"] for p in molecule["platforms"]] == [node.name for node in site.fleet]


def test_labs_of_scenarios_can_stand_side_by_side_and_beside_the_lab() -> None:
    sites = [load_site(ROOT / "inventory" / "lab" / "site.yaml"), *map(scenario_site, ROLES)]
    for one, other in combinations(sites, 2):
        assert one.lab is not None and other.lab is not None
        assert one.site != other.site
        assert one.lab.bridge != other.lab.bridge
        assert not one.network.nodes.overlaps(other.network.nodes)
