from pathlib import Path

import pytest

from nightfleet.converge.choose import choose, fold
from nightfleet.errors import Exit, NightfleetError
from nightfleet.site import Site, load_site


@pytest.fixture
def site() -> Site:
    return load_site(Path(__file__).parents[3] / "inventory/lab/site.yaml")


def test_ranges_and_names_choose_nodes_in_the_order_of_the_site(site: Site) -> None:
    assert choose(site, ["lab-w[1-2]", "lab-c1"]) == ("lab-c1", "lab-w1", "lab-w2")
    assert choose(site, ["lab-w2"]) == ("lab-w2",)


def test_no_choice_is_every_node_and_an_empty_choice_none(site: Site) -> None:
    assert len(choose(site, None)) == 3
    assert choose(site, []) == ()


def test_an_unknown_node_is_an_error_with_the_nearest_name(site: Site) -> None:
    with pytest.raises(NightfleetError, match=r"no node 'lab-v1'; did you mean 'lab-w1'\?") as caught:
        choose(site, ["lab-v1"])
    assert caught.value.hint == "its nodes: lab-c1,lab-w[1-2]"
    assert caught.value.exit_code is Exit.USAGE


def test_a_broken_range_is_an_error_that_shows_a_whole_one(site: Site) -> None:
    with pytest.raises(NightfleetError, match=r"'lab-w\[1-' is no range") as caught:
        choose(site, ["lab-w[1-"])
    assert "lab-w[1-2,5]" in caught.value.hint


def test_names_fold_into_ranges() -> None:
    assert fold(["lab-w2", "lab-w1"]) == "lab-w[1-2]"
