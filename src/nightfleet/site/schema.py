"""The site file as a JSON Schema, for editors: completion, help and red lines while one types.

python -m nightfleet.site.schema > inventory/site.schema.json
"""

import json
from typing import Any

from nightfleet.site.model import Site

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema() -> dict[str, Any]:
    """Return the schema; it knows forms and choices, not the cross-checks."""
    document = Site.model_json_schema(by_alias=True)
    # Where Terraform makes the machines, it tells them and their network.
    document["required"].remove("nodes")
    document["$defs"]["Network"]["required"].remove("nodes")
    document["anyOf"] = [{"required": ["nodes"]}, {"required": ["cloud"]}]
    return {"$schema": DIALECT, **document, "title": "nightfleet site file"}


def schema_text() -> str:
    """Return the schema as the committed file has it."""
    return json.dumps(schema(), indent=2) + "\n"


if __name__ == "__main__":
    print(schema_text(), end="")
