"""YAML text as plain values that know their lines; every mistake of writing is a fault, never an exception.

PyYAML's own constructors forget lines, let the last of two equal keys win, and follow YAML 1.1, where `off`
is a boolean, `12:30` a number and `2026-01-01` a date. Here its node tree is read as YAML 1.2's core schema:
null, true, false, numbers and text. Keys are always text. https://yaml.org/spec/1.2.2/#103-core-schema
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from nightfleet.site.faults import At, Fault

MOST_VALUES = 20_000  # a few aliases of aliases can mean millions of values
WORDS = {"null": None, "~": None, "": None, "true": True, "false": False}
INTEGER = re.compile(r"[-+]?[0-9]{1,100}|0x[0-9a-fA-F]{1,100}|0o[0-7]{1,100}")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?=[eE]))([eE][-+]?[0-9]+)?")
NO_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")  # only an escape can bring these in
PLAIN = "tag:yaml.org,2002:str"
SYNTAX = {  # PyYAML's words for what people do most -> ours
    "found character '\\t' that cannot start any token": "a tab at the start of a value; indent with spaces",
    "mapping values are not allowed here": "a second ':' in one line, or a line that is indented too far",
    "expected <block end>, but found '<block mapping start>'": "this line is indented too far or too little",
    "could not find expected ':'": "a key without ':'",
    "but found another document": "a second document ('---'); a site file holds one",
}


class Endless(Exception):
    """More values than any site file has; what, and in which line."""


@dataclass(slots=True)
class Document:
    """The values of one YAML text, the line of each, and what was wrong in writing it."""

    data: Any = None
    lines: dict[At, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def line(self, at: At) -> int:
        """Return the line of the value at `at`, or of the nearest value around it."""
        while at and at not in self.lines:
            at = at[:-1]
        return self.lines.get(at, 1)

    def rename(self, at: At, name: str | None) -> None:
        """Give the key at `at` another name; without one, or where that is taken, drop it with all below."""
        parent = self.data
        for step in at[:-1]:
            parent = parent[step]
        value = parent.pop(at[-1])
        if name is not None and name not in parent:
            parent[name] = value
            below = [known for known in self.lines if known[: len(at)] == at]
            for known in below:
                self.lines[*at[:-1], name, *known[len(at) :]] = self.lines[known]


def parse(text: str) -> Document:
    """Read one YAML document; the first mistake of syntax ends the reading, all others are collected."""
    try:
        node = yaml.compose(text, Loader=yaml.BaseLoader)
        return Reader().document(node)
    except yaml.MarkedYAMLError as error:
        what, mark = plain(error.problem or str(error.context)), error.problem_mark or error.context_mark
        if error.context == "while scanning a simple key":
            mark = error.context_mark  # where the key stands, not where its ':' was no longer expected
        return unreadable(what, mark.line + 1 if mark else 1)
    except Endless as error:
        return Document(faults=[Fault(error.args[0], line=error.args[1])])
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        return unreadable(f"the character U+{int(error.character):04X} may not stand in a text file", line)
    except RecursionError:
        return unreadable("values are nested too deeply", 1)
    except (ValueError, OverflowError, yaml.YAMLError) as error:  # an escape outside Unicode, for instance
        return unreadable(f"not YAML: {error}", 1)


def unreadable(what: str, line: int) -> Document:
    """Return a document that holds nothing but one fault."""
    return Document(
        faults=[Fault(what, hint="a site file is YAML: 'key: value', indented by spaces", line=line)]
    )


def plain(problem: str) -> str:
    """Put PyYAML's words about syntax into plain ones where we know better."""
    return next((ours for theirs, ours in SYNTAX.items() if theirs in problem), f"not YAML: {problem}")


class Reader:
    """One walk through a node tree."""

    def __init__(self) -> None:
        self.lines: dict[At, int] = {}
        self.faults: list[Fault] = []
        self.open: list[yaml.Node] = []  # around the current one; an alias to any of them has no end

    def document(self, node: yaml.Node | None) -> Document:
        data = None if node is None else self.value(node, ())
        return Document(data, self.lines, self.faults)

    def value(self, node: yaml.Node, at: At) -> Any:
        self.lines.setdefault(at, node.start_mark.line + 1)
        if len(self.lines) > MOST_VALUES:
            raise Endless(f"more than {MOST_VALUES} values", node.start_mark.line + 1)
        if isinstance(node, yaml.ScalarNode):
            return self.scalar(node)
        if node in self.open:
            raise Endless("an alias inside its own anchor", node.start_mark.line + 1)
        self.open.append(node)
        try:
            if isinstance(node, yaml.SequenceNode):
                return [self.value(item, (*at, index)) for index, item in enumerate(node.value)]
            return self.mapping(node, at)
        finally:
            self.open.pop()

    def mapping(self, node: yaml.Node, at: At) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        found: dict[str, Any] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                self.faults.append(Fault("a key is a list or mapping", at, "keys are words", line))
            elif key.value == "<<" and key.style is None:
                for shared in self.merges(value, line):
                    merged |= {
                        name: item for name, item in self.mapping(shared, at).items() if name not in merged
                    }
            elif key.value in found:
                first = self.lines[(*at, key.value)]
                self.faults.append(
                    Fault(
                        f"{key.value!r} is here twice",
                        (*at, key.value),
                        f"the first is in line {first}",
                        line,
                    )
                )
            else:
                # Only a scalar can be on another line than its key and still be what people look for.
                self.lines[(*at, key.value)] = (
                    value.start_mark.line + 1 if isinstance(value, yaml.ScalarNode) and value.value else line
                )
                found[key.value] = self.value(value, (*at, key.value))
        return merged | found

    def merges(self, value: yaml.Node, line: int) -> Iterator[yaml.Node]:
        """Yield the mappings that `<<: *anchor` or `<<: [*a, *b]` names."""
        for node in value.value if isinstance(value, yaml.SequenceNode) else [value]:
            if isinstance(node, yaml.MappingNode) and node not in self.open:
                yield node
            else:
                self.faults.append(Fault("'<<' takes a mapping", hint="write '<<: *name'", line=line))

    def scalar(self, node: yaml.ScalarNode) -> Any:
        text: str = node.value
        if node.tag not in (PLAIN, "!") or NO_TEXT.search(text):
            what = f"the tag {node.tag!r}" if node.tag not in (PLAIN, "!") else "an escaped control character"
            self.faults.append(Fault(f"{what} has no meaning here", line=node.start_mark.line + 1))
            return ""
        return text if node.style is not None else resolve(text)


def resolve(text: str) -> Any:
    """Return what a word without quotes means."""
    if text.lower() in WORDS and text in (text.lower(), text.capitalize(), text.upper()):
        return WORDS[text.lower()]
    if INTEGER.fullmatch(text):
        return int(text, 0 if text[:2] in ("0x", "0o") else 10)
    return float(text) if FLOAT.fullmatch(text) else text
