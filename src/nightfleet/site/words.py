"""pydantic's findings in plain words: what stands there, and what would be right."""

import json
import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import Any, get_args, get_origin

from pydantic_core import ErrorDetails

from nightfleet.site.faults import At, Fault
from nightfleet.site.fields import Place, choices, keys_of, place_at
from nightfleet.site.section import FORMS, Section

SECRET = re.compile(r"://[^/@\s]+:[^/@\s]+@|PRIVATE KEY")
SECRET_KEY = re.compile("passw|secret|token|credential", re.IGNORECASE)
NO_SECRETS = "secrets are not kept in a site file: people share it, and it lies in git"
LONGEST = 60  # characters of a value that an error quotes

MUST_BE = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "tuple_type": "a list, like [a, b]",
    "dict_type": "a mapping, with 'key: value' lines below",
    "model_type": "a mapping, with 'key: value' lines below",
    "greater_than_equal": "at least {ge}",
    "less_than_equal": "at most {le}",
    "too_short": "filled with at least {min_length} entry",
}


def in_words(model: type[Section], error: ErrorDetails) -> Fault:
    """Return the fault behind one of pydantic's errors."""
    at = tuple(error["loc"])
    match error["type"]:
        case "missing":
            return missing(model, at)
        case "extra_forbidden":
            return unknown(model, at)
        case _:
            return wrong(model, at, error)


def missing(model: type[Section], at: At) -> Fault:
    """A key that has no default is not there."""
    return Fault(f"{inside(at[:-1])}{str(at[-1])!r} is missing", at, meaning(place_at(model, at)))


def unknown(model: type[Section], at: At) -> Fault:
    """A key that no section knows at this place."""
    key = str(at[-1])
    what = f"{inside(at[:-1])}unknown {'key' if at[:-1] else 'section'} {quote(key)}"
    if SECRET_KEY.search(key):
        return Fault(what, at, NO_SECRETS)
    if near := meant(model, at):
        return Fault(what, at, f"did you mean {near!r}?")
    if elsewhere := at_home(model, key):
        return Fault(what, at, f"{key!r} belongs into the section {elsewhere[0]!r}")
    return Fault(what, at, f"known here: {', '.join(place_at(model, at[:-1]).keys)}")


def meant(model: type[Section], at: At) -> str | None:
    """Return the key that an unknown one at `at` was probably meant to be."""
    key = str(at[-1])
    return None if at_home(model, key) else nearest(key, place_at(model, at[:-1]).keys)


def at_home(model: type[Section], key: str) -> list[str]:
    """Return the sections that know `key`."""
    return [name for name in sections(model) if key in place_at(model, (name,)).keys]


def wrong(model: type[Section], at: At, error: ErrorDetails) -> Fault:
    """A value of the wrong kind, form or size."""
    place, value, context = place_at(model, at), error["input"], error.get("ctx", {})
    words = choices(place.annotation)
    if words:
        must = f"one of {', '.join(words)}" if len(words) > 1 else f"{words[0]!r}, the only one so far"
    elif place.annotation in (IPv4Address, IPv4Network):
        must = f"an IPv4 {'address' if place.annotation is IPv4Address else 'network'}"
    elif error["type"] in ("string_type", "string_pattern_mismatch") and (form := form_of(place.whole)):
        must = form
    else:
        must = MUST_BE.get(error["type"], error["msg"]).format(**context)
    return Fault(f"{dotted(at)} must be {must}, not {quote(value)}", at, way_out(place, value, words))


def way_out(place: Place, value: Any, words: list[str]) -> str:
    """Say what would be right in place of `value`."""
    if isinstance(value, str) and (near := nearest(value, words)):
        return f"did you mean {near!r}?"
    if place.annotation is IPv4Network and (network := network_around(value)):
        return f"did you mean {network}?"
    if place.annotation is str and isinstance(value, int | float) and not form_of(place.whole):
        return f"put it in quotes: {quote(str(value) if not isinstance(value, bool) else json.dumps(value))}"
    if get_origin(place.annotation) is tuple and isinstance(value, str):
        return f"write [{value}]"
    return meaning(place)


def meaning(place: Place) -> str:
    """Return what the key means, with an example of a right value."""
    if place.field is None:
        return ""
    words = choices(place.annotation)
    example = f"for example {sample(place.field.examples[0])}" if place.field.examples else ""
    text = place.field.description or (f"one of {', '.join(words)}" if words else "")
    return "; ".join(part for part in (text, example) if part)


def form_of(annotation: Any) -> str:
    """Return the words for the form that the text at this place must have, or nothing."""
    parts = get_args(annotation)
    own = [FORMS.get(str(pattern)) for part in parts for pattern in patterns(part)]
    return next((words for words in [*own, *map(form_of, parts)] if words), "")


def patterns(part: Any) -> Iterator[Any]:
    """Yield the patterns in one piece of an annotation's metadata."""
    for item in (part, *getattr(part, "metadata", ())):
        if pattern := getattr(item, "pattern", None):
            yield pattern


def network_around(value: object) -> IPv4Network | None:
    """`10.77.0.1/24` -> 10.77.0.0/24, the usual slip."""
    try:
        return IPv4Interface(value).network if isinstance(value, str) and "/" in value else None
    except ValueError:
        return None


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that was most likely meant."""
    return next(iter(get_close_matches(word, list(known), n=1, cutoff=0.6)), None)


def sections(model: type[Section]) -> list[str]:
    """Return the names of the sections that have named keys."""
    return [name for name in keys_of(model) if place_at(model, (name,)).section]


def dotted(at: At) -> str:
    """`("nodes", "lab-c1", "roles", 0)` -> nodes.lab-c1.roles[0]."""
    if not at:
        return "the site"
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in at)
    return text[1:] if len(text) <= 2 * LONGEST else f"{text[1 : 2 * LONGEST]}…"


def inside(at: At) -> str:
    """Return the beginning of a message about something in the section at `at`."""
    return f"{dotted(at)}: " if at else ""


def quote(value: Any) -> str:
    """Show a value as the file has it, short, and never a secret."""
    if value is None:
        return "empty"
    if isinstance(value, list | dict):
        kind = "list" if isinstance(value, list) else "mapping"
        return f"a {kind}" if value else f"an empty {kind}"
    if isinstance(value, str):
        if SECRET.search(value):
            return "this value (not shown: it looks like a secret)"
        return repr(value) if len(value) <= LONGEST else f"{value[:LONGEST]!r}…"
    text = json.dumps(value) if isinstance(value, bool) else str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def sample(example: Any) -> str:
    """Write an example as it would stand in the file."""
    return example if isinstance(example, str) else json.dumps(example)
