"""Claims about the order in which nodes get another image."""

from collections.abc import Callable
from typing import Any

import pytest

from nightfleet.cloud.roll import due, fingerprints, turns, unmade

Maker = Callable[..., Any]
KEY = "SHA256:" + "a" * 42
CONSOLE = """\
[   12.1] cloud-init[612]: ci-info: no authorized SSH keys fingerprints found
<14>Nov 28 20:00:01 cloud-init: -----BEGIN SSH HOST KEY FINGERPRINTS-----
<14>Nov 28 20:00:01 cloud-init: 256 {0}R root@os-w01 (ECDSA)
<14>Nov 28 20:00:01 cloud-init: 256 {0}E root@os-w01 (ED25519)
<14>Nov 28 20:00:01 cloud-init: -----END SSH HOST KEY FINGERPRINTS-----
"""


def image(instance: Maker, name: str) -> Any:
    return instance(name, "update", image_id="debian-12.8")


@pytest.mark.parametrize(
    ("begun", "order"),
    [
        pytest.param((), ("os-w1", "os-w2", "os-c1"), id="workers-first"),
        pytest.param(("os-w2",), ("os-w2", "os-w1", "os-c1"), id="one-in-the-middle"),
        pytest.param(("os-w9",), ("os-w9", "os-w1", "os-w2", "os-c1"), id="renewed-and-not-joined"),
    ],
)
def test_workers_come_before_control_planes_and_what_was_begun_before_all(
    plan: Maker, instance: Maker, begun: tuple[str, ...], order: tuple[str, ...]
) -> None:
    changes = plan(
        image(instance, "os-c1"),
        image(instance, "os-w2"),
        image(instance, "os-w1"),
        instance("os-w3", "no-op"),
        instance("os-w4", "delete"),
    )
    assert turns(changes, {"os-c1"}, begun) == order


def test_a_machine_that_went_and_did_not_come_back_is_made_and_not_drained(
    plan: Maker, instance: Maker
) -> None:
    changes = plan(image(instance, "os-w1"), instance("os-w2", "create"))
    assert (due(changes), unmade(changes)) == (("os-w1",), ("os-w2",))


def test_the_keys_of_the_last_boot_are_on_the_console() -> None:
    old = CONSOLE.format("SHA256:" + "b" * 42)
    assert fingerprints(old + CONSOLE.format(KEY)) == (f"{KEY}R", f"{KEY}E")
    assert fingerprints("FAKE CONSOLE OUTPUT") == ()
