"""Claims about reading YAML with lines."""

import pytest

from nightfleet.site.document import parse


def test_every_value_knows_its_line() -> None:
    document = parse("a: 1\nb:\n  c: [x,\n      y]\n  d:\n    late\n")
    assert document.data == {"a": 1, "b": {"c": ["x", "y"], "d": "late"}}
    assert [document.line(at) for at in [("a",), ("b",), ("b", "c"), ("b", "c", 1), ("b", "d")]] == [
        1,
        2,
        3,
        4,
        6,
    ]


def test_a_key_that_is_not_there_has_the_line_of_what_is_around_it() -> None:
    assert parse("a: 1\nb:\n  c: 2\n").line(("b", "nothing", "below")) == 2


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("off", "off", id="no-truth-in-off"),
        pytest.param("yes", "yes", id="no-truth-in-yes"),
        pytest.param("true", True, id="true"),
        pytest.param("12:30", "12:30", id="no-number-to-the-base-of-60"),
        pytest.param("2026-01-01", "2026-01-01", id="no-dates"),
        pytest.param("1.36.3", "1.36.3", id="a-version-is-text"),
        pytest.param("1.36", 1.36, id="a-float-is-a-number"),
        pytest.param("007", 7, id="no-octal"),
        pytest.param("0x1f", 31, id="hexadecimal"),
        pytest.param("'22'", "22", id="quoted-is-text"),
        pytest.param("~", None, id="null"),
        pytest.param("nULL", "nULL", id="almost-null"),
        pytest.param("9" * 5000, "9" * 5000, id="too-long-for-a-number"),
    ],
)
def test_plain_words_mean_what_yaml_1_2_says(text: str, value: object) -> None:
    assert parse(f"key: {text}\n").data == {"key": value}


def test_equal_keys_are_faults_and_the_first_is_kept() -> None:
    document = parse("a: 1\nb: 2\na: 3\n")
    assert [(fault.line, fault.what, fault.hint) for fault in document.faults] == [
        (3, "'a' is here twice", "the first is in line 1")
    ]
    assert document.data == {"a": 1, "b": 2}


def test_anchors_and_merges_work_and_own_keys_win() -> None:
    document = parse("a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\nc: {<<: [*a, {x: 9, z: 4}]}\nd: *a\n")
    assert document.data["b"] == {"x": 1, "y": 3}
    assert document.data["c"] == {"x": 1, "y": 2, "z": 4}
    assert document.data["d"] == {"x": 1, "y": 2}
    assert not document.faults


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("a:\n\tb: 1\n", "2: a tab at the start of a value; indent with spaces", id="tab"),
        pytest.param(
            "a: b: c\n", "1: a second ':' in one line, or a line that is indented too far", id="colon"
        ),
        pytest.param("a: 1\nb\n", "2: a key without ':'", id="no-colon"),
        pytest.param("a: 1\n---\nb: 2\n", "2: a second document ('---'); a site file holds one", id="two"),
        pytest.param("a: 1\nb: \x07\n", "2: the character U+0007 may not stand in a text file", id="bell"),
        pytest.param('a: "\\UFFFFFFFF"\n', "1: not YAML: ", id="no-such-character"),
        pytest.param('a: "\\ud800"\n', "1: an escaped control character has no meaning here", id="surrogate"),
        pytest.param('a: "\\0"\n', "1: an escaped control character has no meaning here", id="escaped-nul"),
        pytest.param("a: !!python/object:os.system x\n", "1: the tag ", id="tag"),
        pytest.param("? [a, b]\n: 1\n", "1: a key is a list or mapping", id="list-as-key"),
        pytest.param("a: &a [*a]\n", "1: an alias inside its own anchor", id="endless"),
        pytest.param("a: *b\n", "1: not YAML: found undefined alias", id="no-such-anchor"),
        pytest.param("a: {<<: 3}\n", "1: '<<' takes a mapping", id="merge-of-a-number"),
        pytest.param("[" * 20_000, "1: values are nested too deeply", id="deep"),
    ],
)
def test_mistakes_of_writing_are_faults_in_plain_words(text: str, fault: str) -> None:
    (found,) = parse(text).faults
    assert f"{found.line}: {found.what}".startswith(fault)


def test_aliases_of_aliases_do_not_fill_the_memory() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    (fault,) = parse("\n".join(lines)).faults
    assert fault.what == "more than 20000 values"


def test_a_renamed_key_takes_its_lines_along() -> None:
    document = parse("conection:\n  user: root\n")
    document.rename(("conection",), "connection")
    assert document.data == {"connection": {"user": "root"}}
    assert document.line(("connection", "user")) == 2
