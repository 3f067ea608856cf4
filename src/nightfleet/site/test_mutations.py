"""Whatever happens to a site file, the answer is a Site or a SiteError with its faults in plain words."""

import re
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nightfleet.site.faults import SiteError
from nightfleet.site.load import parse_site
from nightfleet.site.model import Site

INVENTORY = Path(__file__).resolve().parents[3] / "inventory"
REAL = [path.read_text(encoding="utf-8") for path in sorted(INVENTORY.glob("*/site.yaml"))]
FILES = 500

ODD_VALUES = [
    "", "null", "~", "true", "-1", "0", "9" * 400, "1e999", ".nan", ".inf", "0x1F", "2026-01-01", "12:30:00",
    "[]", "{}", "[[[1, [2, {a: b}]]]]", "{a: {b: {c: null}}}", "[null, null]", "'", '"', "|", ">", "&a", "*a",
    "!x", "!!python/object:os.system echo", "<<: {}", "{<<: [1]}", "? x", "- - -", "---", "...", "\t", "#",
    "ä", "\u202e", "\U0001f984", '"\\ud800"', '"\\0"', "\x00", "%s %d {0}", "../../etc/passwd", "{ }: 1",
    "a[1-", "a[1-99999999]", "@all", "10.0.0.[0-300]", "10.0.0.0/0", "255.255.255.255/32", "0.0.0.0/0", "::1",
    "1.36.3\n", "x" * 3000, "999999.1.1", f"1.{'9' * 20}.0", "-----BEGIN PRIVATE KEY", "http://u:p@h",
]  # fmt: skip


def lines_of(draw: st.DrawFn, text: str) -> tuple[list[str], int]:
    """Return the lines, and the index of one of them."""
    lines = text.split("\n")
    return lines, draw(st.integers(0, len(lines) - 1))


def delete(draw: st.DrawFn, text: str) -> str:
    lines, index = lines_of(draw, text)
    return "\n".join(lines[:index] + lines[index + 1 :])


def duplicate(draw: st.DrawFn, text: str) -> str:
    lines, index = lines_of(draw, text)
    return "\n".join([*lines[: index + 1], *lines[index:]])


def swap(draw: st.DrawFn, text: str) -> str:
    lines, index = lines_of(draw, text)
    other = draw(st.integers(0, len(lines) - 1))
    lines[index], lines[other] = lines[other], lines[index]
    return "\n".join(lines)


def indent(draw: st.DrawFn, text: str) -> str:
    lines, index = lines_of(draw, text)
    lines[index] = draw(st.sampled_from(["", " ", "    ", "\t", "- "])) + lines[index].strip()
    return "\n".join(lines)


def odd_value(draw: st.DrawFn, text: str) -> str:
    lines, index = lines_of(draw, text)
    key = lines[index].partition(":")[0]
    lines[index] = f"{key}: {draw(st.sampled_from(ODD_VALUES))}"
    return "\n".join(lines)


def odd_word(draw: st.DrawFn, text: str) -> str:
    words = list(re.finditer(r"[\w./-]+", text))
    word = draw(st.sampled_from(words)) if words else re.compile("").match(text)
    assert word is not None
    return text[: word.start()] + draw(st.sampled_from(ODD_VALUES)) + text[word.end() :]


def truncate(draw: st.DrawFn, text: str) -> str:
    return text[: draw(st.integers(0, len(text)))]


def noise(draw: st.DrawFn, text: str) -> str:
    at = draw(st.integers(0, len(text)))
    return text[:at] + draw(st.text(max_size=4)) + text[at:]


MUTATIONS: list[Any] = [delete, duplicate, swap, indent, odd_value, odd_value, odd_word, truncate, noise]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A real site file after one to four accidents."""
    text = draw(st.sampled_from(REAL))
    for mutation in draw(st.lists(st.sampled_from(MUTATIONS), min_size=1, max_size=4)):
        text = mutation(draw, text)
    return text.encode("utf-8", "surrogatepass")


@given(mutated())
@settings(max_examples=FILES, deadline=None, suppress_health_check=list(HealthCheck))
def test_500_mutated_site_files_give_a_site_or_a_site_error(raw: bytes) -> None:
    try:
        site = parse_site(raw, Path("site.yaml"))
    except SiteError as error:
        total = raw.count(b"\n") + raw.count(b"\r") + 1
        assert error.faults
        assert all(fault.what and 0 <= fault.line <= total for fault in error.faults)
        assert not re.search("pydantic|Traceback|Input should|Value error", str(error))
    else:
        assert isinstance(site, Site)
        assert site.groups()
        assert len({node.pod_cidr for node in site.fleet if node.pod_cidr}) in (0, len(site.fleet))


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_any_bytes_give_a_site_error(raw: bytes) -> None:
    try:
        parse_site(raw, Path("site.yaml"))
    except SiteError as error:
        assert error.faults
