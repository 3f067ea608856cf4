"""What a registry node serves, and which images are pushed."""

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from deploys.registry.facts import Digests
from deploys.registry.plan import Wanted, plan, seeds
from nightfleet.depot.model import Index
from nightfleet.errors import NightfleetError
from nightfleet.site import Role, Site

Edited = Callable[..., Site]
Inventory = Callable[[str], Site]


def registries(wanted: Wanted) -> dict[str, dict[str, Any]]:
    """Return the configuration of each registry by its name."""
    files = {file.path: file.content for file in wanted.files if file.path.endswith(".yml")}
    return {path.split("/")[-1].removesuffix(".yml"): yaml.safe_load(text) for path, text in files.items()}


def test_one_registry_takes_pushes_and_each_upstream_has_its_own(index: Index, inventory: Inventory) -> None:
    site = inventory("rack")
    address = site.having(Role.REGISTRY)[0].address
    found = registries(plan(site, index, "amd64"))
    assert {name: each["http"]["addr"] for name, each in found.items()} == {
        "push": "127.0.0.1:5000",
        "pull": f"{address}:5000",
        "nvcr.io": f"{address}:5001",
        "quay.io": f"{address}:5002",
    }
    assert "proxy" not in found["push"]
    assert found["nvcr.io"]["proxy"] == {"remoteurl": "https://nvcr.io"}


def test_the_network_may_read_what_was_pushed_and_write_nothing(lab: Site, index: Index) -> None:
    found = registries(plan(lab, index, "amd64"))
    writable = [
        name
        for name, each in found.items()
        if not each["storage"].get("maintenance", {}).get("readonly", {}).get("enabled")
        and "proxy" not in each
    ]
    assert [found[name]["http"]["addr"] for name in writable] == ["127.0.0.1:5000"]
    assert found["pull"]["storage"]["filesystem"] == found["push"]["storage"]["filesystem"]


def test_every_registry_keeps_its_images_apart_on_the_sites_disk(index: Index, inventory: Inventory) -> None:
    wanted = plan(inventory("rack"), index, "amd64")
    folders = {
        name: each["storage"]["filesystem"]["rootdirectory"] for name, each in registries(wanted).items()
    }
    assert folders == {name: f"/srv/registry/{'push' if name == 'pull' else name}" for name in folders}
    unit = next(file.content for file in wanted.files if file.path.endswith("@.service"))
    assert "RequiresMountsFor=/srv/registry\n" in unit
    assert "ReadWritePaths=/srv/registry\n" in unit


def test_there_is_a_unit_for_each_that_restarts_for_its_own_configuration(
    index: Index, inventory: Inventory
) -> None:
    units = {unit.name: unit.reads for unit in plan(inventory("rack"), index, "amd64").units}
    assert set(units) == {
        f"nightfleet-registry@{name}.service" for name in ("push", "pull", "nvcr.io", "quay.io")
    }
    assert "/etc/nightfleet/registry/nvcr.io.yml" in units["nightfleet-registry@nvcr.io.service"]
    assert "/etc/nightfleet/registry/quay.io.yml" not in units["nightfleet-registry@nvcr.io.service"]


def test_the_packages_own_service_is_masked_before_it_is_installed(lab: Site, index: Index) -> None:
    (mask,) = plan(lab, index, "amd64").masks
    assert (mask.path, mask.target) == ("/etc/systemd/system/docker-registry.service", "/dev/null")


def test_every_image_of_the_lock_is_pushed_under_its_own_name(lab: Site, index: Index) -> None:
    found = {seed.tag: seed for seed in seeds(lab, index, "amd64")}
    assert set(found) == {image.reference for image in index.images("1.36.3", "amd64")}
    pause = found["registry.k8s.io/pause:3.10.2"]
    assert pause.digest.startswith("sha256:")
    assert pause.archive.startswith(f"{pause.sha256}/")


def test_nodes_that_wait_for_their_upgrade_find_their_images_as_well(index: Index, edited: Edited) -> None:
    site = edited("rack", ("# kubernetes: 1.35.4", "kubernetes: 1.35.4"))
    tags = {seed.tag for seed in seeds(site, index, "amd64")}
    assert {"registry.k8s.io/kube-proxy:v1.35.4", "registry.k8s.io/kube-proxy:v1.36.3"} <= tags


def test_only_seeded_projects_are_pushed(index: Index, inventory: Inventory) -> None:
    assert seeds(inventory("openstack"), index, "amd64") == []


def test_an_image_that_the_depot_lacks_is_an_error_with_the_way_out(lab: Site) -> None:
    with pytest.raises(NightfleetError) as caught:
        seeds(lab, Index(), "amd64")
    assert caught.value.hint.startswith("nightfleet depot fetch --kubernetes 1.36.3")


def test_digests_are_read_and_a_tag_that_is_not_there_is_not_in_the_answer() -> None:
    digest = "sha256:c1e2fd27ad65b86bf594097613fd41742ff82e707d669d048c6a8c8fb357b8d0"
    said = [f"registry.k8s.io/pause:3.10.2 {digest}"]  # asked for that, and for registry.k8s.io/nothing:1
    assert Digests().parse(said) == {"registry.k8s.io/pause:3.10.2": digest}
