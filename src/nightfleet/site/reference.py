"""docs/reference/site.md, written from the models and the checks.

python -m nightfleet.site.reference > docs/reference/site.md
"""

import json
import re
from collections.abc import Iterator
from typing import Any, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from nightfleet.site.checks import CHECKS, Check
from nightfleet.site.checks.wisdom import WISDOM
from nightfleet.site.document import resolve
from nightfleet.site.faults import At
from nightfleet.site.fields import Place, choices, is_section, member, place_at
from nightfleet.site.model import Site
from nightfleet.site.section import Section
from nightfleet.site.words import form_of

INTRODUCTION = """\
<!-- written by `make docs` from src/nightfleet/site; edit the models there -->

# The site file

`inventory/<site>/site.yaml` says everything about a fleet: which machines there are, how to reach them, and
what they become. `nightfleet site check` reads it and reports all mistakes at once; `nightfleet site show`
prints it with every default and every node; `nightfleet site init` starts one from an explained example.
Editors that know the YAML language server use `inventory/site.schema.json`.

- It is YAML 1.2: `true` and `false` are the only truth values, so `swap: off` needs no quotes. Equal keys are
  an error, anchors and `<<` work, and nothing is ever executed.
- Sections with a default may be left out, and a section may be empty.
- It holds no secrets: people share it. Keys are named by the path of their file.
- Ranges are written in ClusterShell's way: `lab-w[1-16]`, `desk-[001-040]`, `a[1,3,7-9/2]`, `a1,b[2-3]`,
  several brackets too. The n-th name of a range has the n-th address, in the order as written.
"""


def reference() -> str:
    """Return the page."""
    return "\n".join([INTRODUCTION, *sections(Site, ()), *claims()])


def sections(model: type[Section], at: At) -> Iterator[str]:
    """Describe the keys of one section, then the sections in it."""
    place = place_at(Site, at) if at else Place(model)
    if at:
        yield f"{'#' * min(len([step for step in at if step != NAME]) + 1, 4)} `{'.'.join(map(str, at))}`\n"
        yield f"{' '.join((model.__doc__ or '').split())}\n"
    else:
        yield "## Top level\n"
    yield "| key | value | default | meaning |"
    yield "|---|---|---|---|"
    inner: list[tuple[type[Section], At]] = []
    for key, field in place.keys.items():
        below = place_at(Site, (*at, key))
        yield row(key, below, field)
        if below.section:
            inner.append((below.section, (*at, key)))
        elif is_section(kind := member(below.annotation)):
            inner.append((kind, (*at, key, NAME)))
    yield ""
    for section, place_of_it in inner:
        # Three disk maps of a lab look alike; one description is enough.
        if section is not model and [each for each, _ in inner].index(section) == inner.index(
            (section, place_of_it)
        ):
            yield from sections(section, place_of_it)


NAME = "<name>"


def row(key: str, place: Place, field: FieldInfo) -> str:
    """Return one line of a table."""
    example = f" Example: `{written(field.examples[0])}`." if field.examples else ""
    meaning = f"{field.description or ''}.{example}"
    return f"| `{key}` | {cell(kind_of(place.whole))} | {default(place, field)} | {cell(meaning)} |"


def kind_of(annotation: Any) -> str:
    """Say in words what may stand at a place."""
    kind = Place(annotation).annotation
    if words := choices(kind):
        return " or ".join(f"`{word}`" for word in words)
    if is_section(kind):
        return "keys below"
    if get_origin(kind) is tuple:
        return f"list: {kind_of(get_args(kind)[0])}"
    if get_origin(kind) is dict:
        return f"by name: {kind_of(get_args(kind)[1])}"
    names = {"str": "text", "int": "number", "float": "number", "bool": "true or false"}
    names |= {"IPv4Address": "an IPv4 address", "IPv4Network": "an IPv4 network"}
    return form_of(annotation) or names[kind.__name__] + bounds(annotation)


def bounds(annotation: Any) -> str:
    """Return what limits a number."""
    limits = [item for part in get_args(annotation) for item in (part, *getattr(part, "metadata", ()))]
    words = {"ge": "from {}", "le": "to {}"}
    found = [
        words[name].format(value)
        for name in words
        for limit in limits
        if (value := getattr(limit, name, None)) is not None
    ]
    return f" {' '.join(found)}" if found else ""


def default(place: Place, field: FieldInfo) -> str:
    """Return the default of a key, or that it must be given."""
    value = field.get_default(call_default_factory=True, validated_data={})
    if value is PydanticUndefined:
        return "**required**"
    if place.section and value is not None:
        return "as below"
    if isinstance(value, dict):
        value = {
            name: item.model_dump() if isinstance(item, Section) else item for name, item in value.items()
        }
    return "" if value in (None, (), {}, "") else f"`{written(value)}`"


def written(value: Any) -> str:
    """Write a value as it would stand in a site file, on one line."""
    if isinstance(value, str):
        plain = re.fullmatch(r"[\w./~][\w./:%~<>@-]*", value) and resolve(value) == value
        return value if plain else json.dumps(value, ensure_ascii=False)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(written, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {written(item)}" for name, item in value.items()) + "}"
    return json.dumps(value)


def cell(text: str) -> str:
    """Keep a text inside its cell of a Markdown table."""
    return text.replace("|", "\\|").replace("\n", " ")


def claims() -> Iterator[str]:
    """List the cross-checks: their names are sentences."""
    yield "## What is checked beyond the single values\n"
    yield "Faults, each with its line and the way out:\n"
    yield from map(claim, CHECKS)
    yield "- versions are locked in versions.yaml\n"
    yield "Warnings of `nightfleet site check`:\n"
    yield from map(claim, WISDOM)
    yield ""


def claim(check: Check) -> str:
    """`names_are_unique` -> - names are unique."""
    name = check.__name__.replace("_", " ").replace("nobodys", "nobody's")
    return f"- {name}"


if __name__ == "__main__":
    print(reference(), end="")
