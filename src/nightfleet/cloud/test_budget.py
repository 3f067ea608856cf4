"""Claims about what a plan needs and costs."""

from collections.abc import Callable
from typing import Any

import pytest

from nightfleet.cloud.budget import Flavor, Room, budget
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
    assert made.unknown == ("flavor 'large'",)


def test_without_prices_nothing_is_said_about_cost(plan: Maker, instance: Maker) -> None:
    assert budget(plan(instance("os-w1", "create")), room(), FREE).unpriced == ()


def test_a_month_of_disk_is_730_hours(plan: Maker, instance: Maker, volume: Maker) -> None:
    prices = Prices(flavors={"large": 2.5}, volume=0.073)
    made = budget(plan(instance("os-w1", "create"), volume("os-w1/x", "create")), room(), prices)
    assert made.hourly == pytest.approx(2.501)


def test_what_goes_is_saved(plan: Maker, instance: Maker) -> None:
    assert budget(plan(instance("os-w1", "delete")), room(), Prices(flavors={"large": 2.5})).hourly == -2.5


def test_a_flavor_without_a_price_is_named(plan: Maker, instance: Maker) -> None:
    made = budget(plan(instance("os-w1", "create")), room(), Prices(flavors={"small": 1.0}))
    assert made.unpriced == ("large",)
