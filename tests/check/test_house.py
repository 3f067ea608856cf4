"""The numbers and the rooms of the house (CONTRIBUTING.md, docs/architecture.md)."""

import ast
import re
import statistics
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from check.clone import ROOT, text, tracked
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

MODULE_MEDIAN, MODULE_MOST, FUNCTION_P95 = 120, 400, 40
ROOM = {"__init__.py", "plan.py", "test_plan.py", "verify.py", "README.md"}
CODE = ("src", "deploys", "roles")


def modules() -> list[Path]:
    """Return the project's own modules: no tests, no inventories (four lines each), no empty files."""
    return [
        path
        for folder in CODE
        for path in tracked(folder)
        if path.suffix == ".py" and not path.name.startswith(("test_", "hosts.py")) and text(path).strip()
    ]


def functions() -> Iterator[tuple[int, str]]:
    """Yield (lines, place) of every function, without its decorators."""
    for path in modules():
        for node in ast.walk(ast.parse(text(path))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield (node.end_lineno or node.lineno) - node.lineno + 1, f"{path}:{node.lineno} {node.name}"


def capabilities() -> list[Path]:
    """Return the folders under deploys/ whose package has a @deploy."""
    packages = [path for path in tracked("deploys") if path.name == "__init__.py" and len(path.parts) == 3]
    return [path.parent for path in packages if re.search(r"^@deploy\(", text(path), re.MULTILINE)]


def test_the_median_module_is_short() -> None:
    assert statistics.median(len(text(path).splitlines()) for path in modules()) <= MODULE_MEDIAN


def test_no_file_is_long() -> None:
    written = [path for path in tracked(".") if path.suffix in {".py", ".sh"}]
    long = {str(path): lines for path in written if (lines := len(text(path).splitlines())) > MODULE_MOST}
    assert not long


def test_functions_are_mostly_short() -> None:
    sizes = sorted(functions())
    place = int(len(sizes) * 0.95)
    assert sizes[place][0] <= FUNCTION_P95, sizes[place:]


def test_every_module_says_what_it_promises() -> None:
    without = [str(path) for path in modules() if ast.get_docstring(ast.parse(text(path))) is None]
    assert not without


@pytest.mark.parametrize("room", capabilities(), ids=lambda room: room.name)
def test_a_capability_has_the_same_rooms_as_all_others(room: Path) -> None:
    missing = {name for name in ROOM if not (ROOT / room / name).is_file()}
    if not any(path.parts[2] == "templates" for path in tracked(str(room))):
        missing.add("templates/")
    assert not missing


@pytest.mark.parametrize("room", capabilities(), ids=lambda room: room.name)
def test_a_capability_says_what_it_owns_and_how_to_undo_it(room: Path) -> None:
    readme = text(room / "README.md").lower()
    assert "undo" in readme
    assert "site key" in readme or "site.yaml" in readme


def test_every_link_of_the_documents_resolves() -> None:
    broken = [
        f"{page}: {target}"
        for page in tracked(".")
        if page.suffix == ".md"
        for target in links(page)
        if not (ROOT / page.parent / target).exists()
    ]
    assert not broken


def links(page: Path) -> Iterator[str]:
    """Yield the local targets of a Markdown page's links, without those in code blocks."""
    prose = re.sub(r"^```.*?^```", "", text(page), flags=re.MULTILINE | re.DOTALL)
    prose = re.sub(r"`[^`\n]*`", "", prose)
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        if not re.match(r"[a-z]+:|#", target):
            yield target.partition("#")[0]


def test_every_decision_is_numbered_and_has_its_four_parts() -> None:
    pages = sorted(path for path in tracked("docs/decisions") if path.suffix == ".md")
    assert [int(page.name[:4]) for page in pages] == list(range(1, len(pages) + 1))
    for page in pages:
        headings = re.findall(r"^## (.+)$", text(page), re.MULTILINE)
        assert headings == ["Question", "Choice", "Why", "What would change our mind"], page


def test_no_path_of_a_developers_machine_is_committed() -> None:
    private = re.compile(r"/(?:work/(?:main|shared)|home/[a-z]+|Users/[A-Za-z]+)/")
    found = [
        str(path) for path in tracked(".") if path.name != Path(__file__).name and private.search(text(path))
    ]
    assert not found


def test_no_package_registry_is_named() -> None:
    # A machine's own configuration says where packages come from; a host name here would go round it.
    hosts = ("deb.debian." + "org", "pypi." + "org", "pythonhosted." + "org", "proxy.golang." + "org")
    found = [f"{path}: {host}" for path in tracked(".") for host in hosts if host in text(path)]
    assert not found


def test_the_lock_satisfies_every_dependency_of_the_project() -> None:
    project = tomllib.loads(text(Path("pyproject.toml")))["project"]
    needs = map(Requirement, [*project["dependencies"], *project["optional-dependencies"]["dev"]])
    pins = re.findall(r"^([\w.-]+)==([^\s;]+)", text(Path("requirements.lock")), re.MULTILINE)
    locked = {canonicalize_name(name): version for name, version in pins}
    unmet = [str(need) for need in needs if not met(need, locked.get(canonicalize_name(need.name)))]
    assert not unmet


def met(need: Requirement, version: str | None) -> bool:
    """Tell whether a locked version is one that the project accepts."""
    return version is not None and need.specifier.contains(version)


def test_every_pin_of_the_lock_has_hashes() -> None:
    pins = re.split(r"^(?=\w)", text(Path("requirements.lock")), flags=re.MULTILINE)
    assert all("--hash=sha256:" in pin for pin in pins if "==" in pin)
