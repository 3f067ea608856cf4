"""Claims about what a plan needs and costs."""

from collections.abc import Callable
from typing import Any

import pytest

from nightfleet.cloud.budget import Flavor, Room, budget
from nightfleet.cloud.conftest import entry
from nightfleet.site.cloud import Prices

Maker = Callable[..., Any]
FREE = Prices()
LARGE = Flavor("large", cores=8, ram=65536, gpus=1)


def room(used: int = 0, **limit: int) -> Room:
    """A project with these limits, of which `used` instances and cores are in use."""
    return Room({"instances": used, "cores": used}, limit, {"large": LARGE})


def test_machines_disks_and_gpus_are_counted_together(plan: Maker, instance: Maker, volume: Maker) -> None:
    made = budget(
        plan(instance("os-w1", "create"), instance("os-w2", "create"), volume("os-w1/imagefs", "create")),
        room(),
        FREE,
    )
    assert made.needs == {
        "cores": 16,
        "gigabytes": 10,
        "gpus": 2,
        "instances": 2,
        "ram": 131072,
        "volumes": 1,
    }


def test_what_does_not_fit_is_told_with_numbers(plan: Maker, instance: Maker) -> None:
    changes = plan(*(instance(f"os-w{i}", "create") for i in range(1, 8)))
    made = budget(changes, room(used=4, instances=10, cores=20), FREE)
    assert made.shortages == (
        "cores: 56 more are needed, 16 of 20 are left",
        "instances: 7 more are needed, 6 of 10 are left",
    )
    assert not made.fits


def test_what_exists_already_needs_nothing(plan: Maker, instance: Maker) -> None:
    assert budget(plan(instance("os-w1", "no-op")), room(instances=0), FREE).fits


def test_a_volume_that_grows_needs_the_difference(plan: Maker, volume: Maker) -> None:
    made = budget(plan(volume("os-w1/imagefs", "update", size=35)), room(gigabytes=20), FREE)
    assert made.shortages == ("gigabytes: 25 more are needed, 20 of 20 are left (GiB)",)


def test_a_boot_volume_is_a_volume(plan: Maker, instance: Maker) -> None:
    boot = [{"destination_type": "volume", "volume_size": 40}]
    made = budget(plan(instance("os-w1", "create")), room(volumes=0), FREE)
    assert made.fits
    changes = plan(instance("os-w1", "create"))
    after = {**changes[0].after, "block_device": boot}
    (entry,) = changes
    object.__setattr__(entry, "after", after)
    assert budget(changes, room(volumes=0), FREE).needs["gigabytes"] == 40


def test_a_flavor_that_the_cloud_does_not_list_is_unknown(plan: Maker, instance: Maker) -> None:
    made = budget(plan(instance("os-w1", "create")), Room(), FREE)
    assert "flavor 'large'" in made.unknown


def test_a_replacement_in_the_old_ones_place_needs_nothing_and_one_beside_it_all(
    plan: Maker, instance: Maker
) -> None:
    full = room(used=8, instances=8, cores=8)
    assert budget(plan(instance("os-w1", "delete", "create")), full, FREE).fits
    assert budget(plan(instance("os-w1", "create", "delete")), full, FREE).shortages == (
        "cores: 8 more are needed, 0 of 8 are left",
        "instances: 1 more are needed, 0 of 8 are left",
    )


def test_a_larger_volume_in_the_old_ones_place_needs_the_difference(plan: Maker, volume: Maker) -> None:
    made = budget(plan(volume("os-w1/x", "delete", "create", size=35)), room(volumes=0, gigabytes=20), FREE)
    assert made.shortages == ("gigabytes: 25 more are needed, 20 of 20 are left (GiB)",)


def test_a_machine_that_gets_smaller_makes_no_room_for_one_that_gets_larger_meanwhile(
    plan: Maker, instance: Maker
) -> None:
    both = Room({}, {"cores": 4}, {"large": LARGE, "small": Flavor("small", 2, 4096)})
    larger = instance("os-w2", "update")
    larger["change"]["before"]["flavor_name"] = "small"
    made = budget(plan(instance("os-w1", "update", flavor_name="small"), larger), both, FREE)
    assert made.shortages == ("cores: 6 more are needed, 4 of 4 are left",)


def test_what_no_service_limits_is_named_and_what_is_unlimited_is_not(plan: Maker, instance: Maker) -> None:
    known = Room({}, {"cores": 20}, {"large": LARGE}, unlimited=frozenset({"instances"}))
    made = budget(plan(instance("os-w1", "create")), known, FREE)
    assert made.unknown == ("quota of gpus, ram: no service tells it",)


def test_a_security_group_comes_with_two_rules_of_neutrons(plan: Maker) -> None:
    address = "openstack_networking_secgroup_v2.nodes"
    full = Room({}, {"security_groups": 1, "security_group_rules": 1})
    assert budget(plan(entry(address, ["create"], None, {"name": "x"})), full, FREE).shortages == (
        "security_group_rules: 2 more are needed, 1 of 1 are left",
    )
    assert budget(plan(entry(address, ["create"], None, {"delete_default_rules": True})), full, FREE).fits


def test_without_prices_nothing_is_said_about_cost(plan: Maker, instance: Maker) -> None:
    assert budget(plan(instance("os-w1", "create")), room(), FREE).unpriced == ()


def test_a_month_of_disk_is_730_hours(plan: Maker, instance: Maker, volume: Maker) -> None:
    prices = Prices(flavors={"large": 2.5}, volume=0.073)
    made = budget(plan(instance("os-w1", "create"), volume("os-w1/x", "create")), room(), prices)
    assert made.hourly == pytest.approx(2.501)


def test_growth_another_flavor_and_boot_volumes_cost_as_well(
    plan: Maker, instance: Maker, volume: Maker
) -> None:
    prices = Prices(flavors={"large": 2.5, "small": 1.0}, volume=0.073)
    assert budget(plan(volume("os-w1/x", "update", size=110)), room(), prices).hourly == pytest.approx(0.01)
    smaller = plan(instance("os-w1", "update", flavor_name="small"))
    assert budget(smaller, room(), prices).hourly == -1.5
    assert budget(plan(instance("os-w1", "delete", "create")), room(), prices).hourly == 0
    boot = [{"destination_type": "volume", "volume_size": 100}]
    booted = plan(instance("os-w1", "create", block_device=boot))
    assert budget(booted, room(), prices).hourly == pytest.approx(2.51)


def test_a_volume_without_a_price_is_named(plan: Maker, volume: Maker) -> None:
    made = budget(plan(volume("os-w1/x", "create")), room(), Prices(flavors={"large": 2.5}))
    assert made.unpriced == ("volumes",)


def test_what_goes_is_saved(plan: Maker, instance: Maker) -> None:
    assert budget(plan(instance("os-w1", "delete")), room(), Prices(flavors={"large": 2.5})).hourly == -2.5


def test_a_flavor_without_a_price_is_named(plan: Maker, instance: Maker) -> None:
    made = budget(plan(instance("os-w1", "create")), room(), Prices(flavors={"small": 1.0}))
    assert made.unpriced == ("large",)
