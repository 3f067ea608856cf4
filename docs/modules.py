"""The tables of inputs and outputs in the READMEs under terraform/modules, from the modules' own words.

Read by docs/generate.py. What stands outside of the two marks is written by hand.
"""

import re
from pathlib import Path
from typing import Any

import hcl2

MODULES = Path(__file__).resolve().parents[1] / "terraform" / "modules"
BEGIN, END = "<!-- tables: make docs -->", "<!-- end of tables -->"


def readmes() -> dict[Path, str]:
    """Return what every README should be."""
    return {folder / "README.md": page(folder) for folder in sorted(MODULES.iterdir()) if folder.is_dir()}


def page(folder: Path) -> str:
    """Return a README with tables that are up to date."""
    text = (folder / "README.md").read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{tables(folder)}\n{END}{after}"


def tables(folder: Path) -> str:
    """Return both tables of a module."""
    inputs = [
        f"| `{name}` | {plain(body['description'])} | `{kind(body.get('type', 'any'))}` | {default(body)} |"
        for name, body in blocks(folder / "variables.tf", "variable")
    ]
    outputs = [
        f"| `{name}` | {plain(body['description'])} |"
        for name, body in blocks(folder / "outputs.tf", "output")
    ]
    first = ["", "| input | meaning | type | default |", "|---|---|---|---|", *inputs]
    second = ["", "| output | meaning |", "|---|---|", *outputs, ""]
    return "\n".join((*first, *second))


def blocks(path: Path, kind: str) -> list[tuple[str, dict[str, Any]]]:
    """Return the blocks of a file by name, in their order."""
    with path.open(encoding="utf-8") as file:
        read = hcl2.load(file)
    return [(name.strip('"'), body) for block in read.get(kind, []) for name, body in block.items()]


def plain(text: str) -> str:
    """Return a description on one line, without the marks of its quotes."""
    text = re.sub(r'^"?<<-?(\w+)\n(.*)\n\s*\1"?$', r"\2", text.strip(), flags=re.DOTALL)
    return " ".join(text.strip('"').split()).replace("|", "\\|")


def kind(text: str) -> str:
    """Return a type as short as a table wants it: the fields of objects are in variables.tf."""
    return re.sub(r"object\(\{.*\}\)", "object", text.removeprefix("${").removesuffix("}"), flags=re.DOTALL)


def default(body: dict[str, Any]) -> str:
    """Return the default as one would write it."""
    if "default" not in body:
        return "**required**"
    value = body["default"]
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, list):
        return "`[" + ", ".join(str(item) for item in value) + "]`"
    return f"`{'null' if value is None else value}`"
