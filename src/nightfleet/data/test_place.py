"""NODE:PATH, as people write it."""

import pytest

from nightfleet.data.place import Place
from nightfleet.errors import Exit, NightfleetError
from nightfleet.home import home
from nightfleet.site import load_site

LAB = load_site(home() / "inventory" / "lab" / "site.yaml")


def test_a_folder_on_a_node_has_a_bag_of_its_own_name() -> None:
    place = Place.parse("lab-w1:/srv//cephfs/team/", LAB)
    assert (place.node, str(place)) == ("lab-w1", "lab-w1:/srv//cephfs/team")
    assert Place.parse("lab-w1:/srv/cephfs/team", LAB).name == "lab-w1-srv-cephfs-team"
    assert Place.parse("lab-w1:/", LAB).name == "lab-w1"


@pytest.mark.parametrize("word", ["lab-w1", "/srv/team", "lab-w1:srv", "lab-w9:/srv"])
def test_anything_else_is_told_with_the_way_out(word: str) -> None:
    with pytest.raises(NightfleetError) as caught:
        Place.parse(word, LAB)
    assert caught.value.exit_code is Exit.USAGE
    assert caught.value.hint
