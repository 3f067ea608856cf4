"""A site as `site show` prints it: every value, and which of them are defaults. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from nightfleet.site.model import Site
from nightfleet.site.nodes import Node
from nightfleet.site.reference import written
from nightfleet.site.section import Section


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the site as YAML; `value` is empty where the next lines are below this key."""

    depth: int
    key: str
    value: str
    default: bool


def lines(section: Section, depth: int = 0, default: bool = False) -> Iterator[Line]:
    """Yield the section line by line; what the file does not say is a default."""
    for name, field in type(section).model_fields.items():
        unsaid = default or name not in section.model_fields_set
        yield from entry(depth, field.alias or name, getattr(section, name), unsaid)


def entry(depth: int, key: str, value: Any, default: bool) -> Iterator[Line]:
    """Yield one key with all that is below it."""
    if isinstance(value, Section):
        yield Line(depth, key, "", default)
        yield from lines(value, depth + 1, default)
    elif isinstance(value, dict) and value:
        yield Line(depth, key, "", default)
        for name, item in value.items():
            yield from entry(depth + 1, name, item, default)
    else:
        yield Line(depth, key, "null" if value is None else written(plain(value)), default)


def plain(value: Any) -> Any:
    """Turn addresses and choices into text, inside lists too."""
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return value if isinstance(value, bool | int | float | dict) else str(value)


def as_json(site: Site) -> dict[str, Any]:
    """Return every value and every node, for machines."""
    return {
        "path": str(site.path),
        "endpoint": site.endpoint,
        "values": site.model_dump(mode="json", by_alias=True),
        "nodes": [node_as_json(node) for node in site.fleet],
    }


def node_as_json(node: Node) -> dict[str, Any]:
    """Return one node, for machines."""
    return {
        "name": node.name,
        "address": str(node.address),
        "roles": sorted(node.roles),
        "class": node.class_name,
        "kind": node.machine.kind.value,
        "kubernetes": node.kubernetes,
        "pod_cidr": str(node.pod_cidr) if node.pod_cidr else None,
        "labels": node.labels,
    }
