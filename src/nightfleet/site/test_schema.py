"""Claims about the schema that editors read."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from nightfleet.site.document import parse
from nightfleet.site.schema import schema, schema_text

INVENTORY = Path(__file__).resolve().parents[3] / "inventory"
SITES = sorted(INVENTORY.glob("*/site.yaml"))


def test_the_committed_schema_is_current() -> None:
    committed = (INVENTORY / "site.schema.json").read_text(encoding="utf-8")
    assert committed == schema_text(), "run: nightfleet site schema > inventory/site.schema.json"


def test_the_schema_is_a_json_schema() -> None:
    Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("path", SITES, ids=lambda path: path.parent.name)
def test_the_sites_of_the_inventory_pass_the_schema_and_name_it(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not list(Draft202012Validator(schema()).iter_errors(parse(text).data))
    assert text.startswith("# yaml-language-server: $schema=../site.schema.json\n")


def test_the_schema_sees_what_the_models_see() -> None:
    data = parse(SITES[0].read_text(encoding="utf-8")).data
    data["netwrk"] = {}
    data["connection"]["port"] = 0
    data["base"] = {"updates": "maybe", "sysctls": {"vm.swappiness": 1}}
    found = {error.json_path for error in Draft202012Validator(schema()).iter_errors(data)}
    assert found == {"$", "$.connection.port", "$.base.updates"}


def test_every_key_has_a_description_for_the_editor() -> None:
    document = json.loads(schema_text())
    for model in (document, *document["$defs"].values()):
        for key, value in model.get("properties", {}).items():
            assert "description" in value, key
