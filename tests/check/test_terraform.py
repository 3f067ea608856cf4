"""What the Terraform modules ask of the provider, read from the files and compared with its schema.

openstack-schema.json is a part of what `terraform providers schema -json` says of the provider (3.4): the
types that the modules use, each argument required, optional or computed. A misspelt argument is found even
where the provider is not.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hcl2
import pytest
from check.clone import ROOT, tracked

SCHEMA = json.loads(Path(__file__).with_name("openstack-schema.json").read_text(encoding="utf-8"))
META = {"count", "for_each", "provider", "depends_on", "lifecycle", "timeouts"}
FILES = [path for path in tracked("terraform") if path.suffix == ".tf"]
FOLDERS = sorted({path.parent for path in FILES})
MODULES = [folder for folder in FOLDERS if folder.parts[1] == "modules"]
REQUIRED = {"main.tf", "variables.tf", "outputs.tf", "versions.tf"}


def read(path: Path) -> dict[str, Any]:
    """Return a file of the clone as its blocks."""
    with (ROOT / path).open(encoding="utf-8") as file:
        found: dict[str, Any] = hcl2.load(file)
    return found


def blocks(path: Path, kind: str) -> Iterator[tuple[list[str], dict[str, Any]]]:
    """Yield (labels, body) of every block of this kind."""
    for block in read(path).get(kind, []):
        labels = []
        while len(block) == 1 and "__is_block__" not in block:
            ((label, block),) = block.items()
            labels.append(label.strip('"'))
        yield labels, block


def resources() -> list[Any]:
    """Return every resource and data source as a parameter named by its place."""
    return [
        pytest.param(kind, labels[0], body, id=f"{path.parent.name}-{'.'.join(labels)}")
        for path in FILES
        for kind in ("resource", "data")
        for labels, body in blocks(path, kind)
        if labels[0] != "terraform_data"  # Terraform's own
    ]


def arguments(body: dict[str, Any]) -> dict[str, list[dict[str, Any]] | None]:
    """Return what a body sets: attributes as None, blocks with their bodies, dynamic ones too."""
    found: dict[str, list[dict[str, Any]] | None] = {}
    for name, value in body.items():
        if name == "dynamic":
            for block in value:
                for label, inner in block.items():
                    found[label.strip('"')] = inner["content"]
        elif not name.startswith("__"):
            nested = isinstance(value, list) and value and isinstance(value[0], dict)
            found[name] = value if nested and "__is_block__" in value[0] else None
    return found


def faults(body: dict[str, Any], schema: dict[str, Any], where: str = "") -> Iterator[str]:
    """Yield what the provider would refuse."""
    given = arguments(body)
    attributes, nested = schema["attributes"], schema.get("blocks", {})
    for name, inner in given.items():
        if not where and name in META:
            continue
        if inner is None:
            if attributes.get(name) not in ("required", "optional"):
                yield f"{where}{name} is {attributes.get(name, 'unknown')}"
        elif name not in nested:
            yield f"{where}{name} is no block"
        else:
            for one in inner:
                yield from faults(one, nested[name], f"{where}{name}.")
    for name, need in attributes.items():
        if need == "required" and name not in given:
            yield f"{where}{name} is missing"
    for name, block in nested.items():
        if block.get("min") and name not in given:
            yield f"{where}{name} is missing"


@pytest.mark.parametrize(("kind", "name", "body"), resources())
def test_every_argument_is_one_that_the_provider_takes(kind: str, name: str, body: dict[str, Any]) -> None:
    assert name in SCHEMA[kind], "record it: see the docstring"
    assert list(faults(body, SCHEMA[kind][name])) == []


def test_a_misspelt_argument_is_found() -> None:
    schema = SCHEMA["resource"]["openstack_networking_port_v2"]
    body = {"network": "x", "fixed_ip": [{"address": "1", "__is_block__": True}], "all_fixed_ips": []}
    assert set(faults(body, schema)) == {
        "network is unknown",
        "fixed_ip.address is unknown",
        "all_fixed_ips is computed",
        "network_id is missing",
    }


@pytest.mark.parametrize("folder", MODULES, ids=lambda folder: folder.name)
def test_a_module_has_the_same_files_as_all_others(folder: Path) -> None:
    assert {path.name for path in FILES if path.parent == folder} == REQUIRED
    assert (ROOT / folder / "README.md").is_file()
    assert any(path.suffix == ".hcl" for path in tracked(str(folder)))


@pytest.mark.parametrize("folder", MODULES, ids=lambda folder: folder.name)
def test_every_input_and_output_of_a_module_says_what_it_is(folder: Path) -> None:
    for name, kind in (("variables.tf", "variable"), ("outputs.tf", "output")):
        for labels, body in blocks(folder / name, kind):
            assert body.get("description"), labels


def test_every_validation_shows_the_value_that_it_refuses() -> None:
    for path in FILES:
        for (name,), body in blocks(path, "variable"):
            for validation in body.get("validation", []):
                assert f"var.{name}" in validation["error_message"], f"{path}: {name}"


def test_nothing_that_exists_several_times_is_counted() -> None:
    """A `count` over a list shifts when one leaves; it is only for what is there or not."""
    for _kind, name, body in (parameter.values for parameter in resources()):
        count = str(body.get("count", ""))
        assert not re.search(r"length\(var\.", count), name


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_argument_of_a_module_call_is_one_of_its_variables(folder: Path) -> None:
    for path in (path for path in FILES if path.parent == folder):
        for (name,), body in blocks(path, "module"):
            source = (ROOT / folder / body["source"].strip('"')).resolve().relative_to(ROOT)
            known = {labels[0]: inner for labels, inner in blocks(source / "variables.tf", "variable")}
            given = {key for key in body if not key.startswith("__")} - {"source", *META}
            assert given <= set(known), name
            assert {key for key, inner in known.items() if "default" not in inner} <= given, name
