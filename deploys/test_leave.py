"""Claims about deploys/leave.py: whoever adds a capability to the story also says how it is taken back."""

import ast
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def text(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


def imported(name: str) -> dict[str, str]:
    """Return what a file imports: the name there -> the module."""
    return {
        alias.asname or alias.name: node.module or ""
        for node in ast.parse(text(name)).body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def told(name: str) -> list[str]:
    """Return the capabilities that a file calls, in the order of their first calls."""
    calls = [
        (node.lineno, node.func.id)
        for node in ast.walk(ast.parse(text(name)))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    ]
    modules = [imported(name).get(call, "").split(".") for _, call in sorted(calls)]
    return list(
        dict.fromkeys(parts[1] for parts in modules if parts[0] == "deploys" and parts[1] != "hostops")
    )


def undone() -> list[str]:
    """Return the capabilities that are taken back, in order."""
    calls = [
        node.value.func.id
        for node in ast.parse(text("leave.py")).body
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Name)
    ]
    return [imported("leave.py")[call].split(".")[1] for call in calls if call.startswith("undo_")]


@pytest.mark.parametrize("capability", told("fleet.py"))
def test_every_capability_of_the_story_is_taken_back(capability: str) -> None:
    assert (HERE / capability / "undo.py").is_file()
    assert capability in undone()


def test_a_machine_is_handed_back_in_the_reverse_order_of_the_story() -> None:
    assert undone() == told("fleet.py")[::-1]


def test_pods_leave_before_their_network() -> None:
    leave = text("leave.py")
    assert leave.index("\nleave()") < leave.index("\nundo_network()") < leave.index("\nundo_kubernetes()")
