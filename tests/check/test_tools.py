"""The tools that read the whole clone: each must be content, but for the exceptions in its configuration."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from check.clone import ROOT, shell_files, text, tracked

BIN = Path(sys.executable).parent
PYTHON = ("src", "deploys", "roles", "inventory", "tests", "bench", "docs", "images")


def python_folders() -> list[str]:
    """Return the folders that hold Python files."""
    return [folder for folder in PYTHON if any(path.suffix == ".py" for path in tracked(folder))]


def run(*command: str | Path) -> None:
    """Run a tool in the clone; its whole output is the failure."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=ROOT,
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if done.returncode != 0:
        pytest.fail(f"{' '.join(map(str, command))}\n{done.stdout}", pytrace=False)


def test_every_python_file_compiles() -> None:
    run(sys.executable, "-m", "compileall", "-q", *python_folders())


def test_every_python_file_is_formatted() -> None:
    run(BIN / "ruff", "format", "--check", *python_folders())


def test_ruff_finds_nothing() -> None:
    run(BIN / "ruff", "check", *python_folders())


def test_types_hold_in_the_tool() -> None:
    run(BIN / "mypy", "src")


def test_types_hold_in_the_runner_of_the_tests() -> None:
    run(BIN / "mypy", "tests/run.py", "tests/runner", "tests/check")


def test_types_hold_in_the_plans_of_capabilities() -> None:
    plans = [str(path) for path in tracked("deploys") if path.name == "plan.py"]
    if not plans:
        pytest.skip("no capability has a plan yet")
    run(BIN / "mypy", "--follow-imports=silent", *plans)


def test_imports_go_only_the_way_of_the_contracts() -> None:
    run(BIN / "lint-imports", "--no-cache")


def test_shellcheck_finds_nothing() -> None:
    # Fragments among the templates have no first line: hosts run them by Debian's sh.
    fragments = [path for path in shell_files() if not text(path).startswith("#!")]
    run(BIN / "shellcheck", "--external-sources", *(path for path in shell_files() if path not in fragments))
    run(BIN / "shellcheck", "--shell=dash", *fragments)


def test_yamllint_finds_nothing() -> None:
    run(BIN / "yamllint", "--strict", *[path for path in tracked(".") if path.suffix in {".yaml", ".yml"}])


def test_the_reference_is_what_the_code_says() -> None:
    run(sys.executable, "docs/generate.py", "--check")


def test_terraform_files_are_formatted() -> None:
    if not any(path.suffix == ".tf" for path in tracked("terraform")):
        pytest.skip("there is no Terraform file")
    if shutil.which("terraform") is None:
        pytest.skip("terraform is not installed")
    run("terraform", "fmt", "-check", "-recursive", "terraform")
