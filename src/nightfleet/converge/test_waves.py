from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from nightfleet.converge.waves import plan_waves, stops_the_rest
from nightfleet.site import Role, Site, load_site

FLEET = Path(__file__).parents[3] / "tests/fleet/sites/big/site.yaml"


def site() -> Site:
    """Return the site with a control plane, a registry and 498 workers."""
    return load_site(FLEET)


NAMES = [node.name for node in site().fleet]
LEADERS = {node.name for node in site().fleet if node.roles != {Role.WORKER}}

chosen_nodes = st.sets(st.sampled_from(NAMES))
sizes = st.integers(1, 600)


@given(chosen_nodes, sizes)
def test_every_chosen_node_is_in_exactly_one_wave_before_the_last(chosen: set[str], size: int) -> None:
    waves = plan_waves(site(), chosen, size)
    assert sorted(name for wave in (waves.first, *waves.later) for name in wave) == sorted(chosen)


@given(chosen_nodes, sizes)
def test_the_first_control_plane_runs_once_more_when_nodes_joined_after_it(
    chosen: set[str], size: int
) -> None:
    waves = plan_waves(site(), chosen, size)
    assert waves.last == (("c1",) if waves.later and "c1" in chosen else ())


@given(chosen_nodes, sizes)
def test_nodes_that_others_wait_for_are_in_the_first_wave(chosen: set[str], size: int) -> None:
    assert chosen & LEADERS <= set(plan_waves(site(), chosen, size).first)


@given(chosen_nodes, sizes)
def test_no_wave_outgrows_its_size_but_for_the_nodes_that_others_wait_for(
    chosen: set[str], size: int
) -> None:
    waves = plan_waves(site(), chosen, size)
    assert len(waves.first) <= max(size, len(chosen & LEADERS))
    assert all(0 < len(wave) <= size for wave in waves.later)


@given(chosen_nodes)
def test_a_small_fleet_is_one_wave(chosen: set[str]) -> None:
    assert plan_waves(site(), chosen, size=len(NAMES)).later == ()


def test_only_the_first_control_plane_stops_the_rest() -> None:
    assert stops_the_rest(site(), {"c1"})
    assert not stops_the_rest(site(), {"r1", "w001"})
