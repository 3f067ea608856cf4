"""NODE:PATH, as people write it."""

from pathlib import Path

import pytest

from nightfleet.data.place import Place, places_of
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


SHARES = """
nfs:
  exports:
    teams: {on: rack-store, path: /srv/nfs/teams, tenants: {vision: {}}}
  mounts:
    vision: {export: teams/vision, at: /mnt/vision}
    home: {server: filer.example.org, path: /home, at: /mnt/home, on: "rack-g[2-3]"}
cephfs:
  monitors: [10.0.9.1]
  shares:
    team: {path: /team, at: /srv/team, client: team, keyring: k, classes: [gpu]}
"""


def test_every_share_is_looked_at_once_and_an_export_where_it_is_served(tmp_path: Path) -> None:
    text = (home() / "inventory" / "rack" / "site.yaml").read_text(encoding="utf-8")
    (tmp_path / "site.yaml").write_text(text + SHARES, encoding="utf-8")
    site = load_site(tmp_path / "site.yaml")
    assert sorted(map(str, places_of(site))) == [
        "rack-g1:/srv/team",
        "rack-g2:/mnt/home",
        "rack-store:/srv/nfs/teams",
    ]
