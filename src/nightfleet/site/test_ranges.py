"""Claims about ranges of names and addresses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightfleet.site.ranges import addresses_of, names_of


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        pytest.param("lab-c1", ["lab-c1"], id="one"),
        pytest.param("w[1-3]", ["w1", "w2", "w3"], id="span"),
        pytest.param("w[09-11]", ["w09", "w10", "w11"], id="zeros-are-kept"),
        pytest.param("w[9-11]", ["w9", "w10", "w11"], id="by-number-not-by-letter"),
        pytest.param("w[3,1,7-8]", ["w3", "w1", "w7", "w8"], id="in-the-order-as-written"),
        pytest.param("w[1-7/3]", ["w1", "w4", "w7"], id="step"),
        pytest.param("b,a[1-2]", ["b", "a1", "a2"], id="parts"),
        pytest.param("r[1-2]-n[1-2]", ["r1-n1", "r1-n2", "r2-n1", "r2-n2"], id="the-last-counts-fastest"),
    ],
)
def test_a_range_expands_as_people_read_it(pattern: str, names: list[str]) -> None:
    assert names_of(pattern) == names


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        pytest.param("", "'' is not a range", id="empty"),
        pytest.param("w[1-2", r"'w\[1-2' is not a range", id="open"),
        pytest.param("w1]", r"'w1\]' is not a range", id="closed"),
        pytest.param("a,,b", "'a,,b' is not a range", id="nothing-between-commas"),
        pytest.param("w[]", r"'\[\]' is not a range of numbers", id="no-numbers"),
        pytest.param("w[a-c]", r"'\[a-c\]' is not a range of numbers", id="letters"),
        pytest.param("w[3-1]", r"'\[3-1\]' is not a range of numbers", id="backwards"),
        pytest.param("w[1-9/0]", "is not a range of numbers", id="no-step"),
        pytest.param("w[1-99999999]", "means 99999999 numbers; 5000 is the most", id="a-slip-of-the-finger"),
        pytest.param("w[1-100]-[1-100]", "means 10000 names; 5000 is the most", id="product"),
        pytest.param("w[1-4000],v[1-4000]", "means 8000 names; 5000 is the most", id="sum"),
    ],
)
def test_a_range_that_cannot_be_read_says_why(pattern: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        names_of(pattern)


def test_addresses_are_ranges_too() -> None:
    assert [str(address) for address in addresses_of("10.77.0.[9-11]")] == [
        "10.77.0.9",
        "10.77.0.10",
        "10.77.0.11",
    ]
    with pytest.raises(ValueError, match=r"'10\.77\.0\.256' is not an IPv4 address"):
        addresses_of("10.77.0.[255-256]")


@given(st.text("ab01-[],/@!&^%* é", max_size=20))
def test_any_text_is_a_range_or_a_value_error(text: str) -> None:
    try:
        names_of(text)
    except ValueError as error:
        assert "is not a range" in str(error) or "is the most" in str(error)
