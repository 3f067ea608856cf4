"""Claims about the reference of the site file."""

from pathlib import Path

from nightfleet.site.checks import CHECKS
from nightfleet.site.checks.wisdom import WISDOM
from nightfleet.site.fields import is_section, keys_of, member, place_at
from nightfleet.site.model import Site
from nightfleet.site.reference import claim, reference
from nightfleet.site.section import Section

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "site.md"


def keys_below(model: type[Section]) -> set[str]:
    """Return every key of every section."""
    keys = set(keys_of(model))
    for key in keys_of(model):
        kind = place_at(model, (key,)).annotation
        inner = kind if is_section(kind) else member(kind)
        if is_section(inner):
            keys |= keys_below(inner)
    return keys


def test_the_committed_page_is_current() -> None:
    committed = PAGE.read_text(encoding="utf-8")
    assert committed == reference(), "run: python -m nightfleet.site.reference > docs/reference/site.md"


def test_every_key_and_every_check_is_on_the_page() -> None:
    page = reference()
    assert {key for key in keys_below(Site) if f"| `{key}` |" not in page} == set()
    assert {claim(check) for check in (*CHECKS, *WISDOM)} <= set(page.splitlines())


def test_a_default_stands_as_one_would_write_it() -> None:
    page = reference()
    assert "| `timezone` | text without spaces | `Etc/UTC` |" in page
    assert "| `user` | text without spaces | **required** |" in page
    assert '`["linux-image-*", "nvidia-*", "libnvidia-*"]`' in page
