"""What containerd puts on a node."""

import tomllib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from deploys.containerd.plan import Wanted, mirrors, plan, sandbox_image
from deploys.hostops.machine import Machine
from nightfleet.depot.model import Index
from nightfleet.errors import NightfleetError
from nightfleet.site import Role, Site

Edited = Callable[..., Site]
Inventory = Callable[[str], Site]
SITES = ("lab", "campus", "rack", "openstack")
PROJECTS = (
    """  projects:
    registry.k8s.io: {seed: true}
    nvcr.io: {pull_through: "https://nvcr.io"}
    quay.io: {pull_through: "https://quay.io"}
""",
    "",
)
CONFIG = "/etc/containerd/config.toml"


def config_of(wanted: Wanted) -> dict[str, Any]:
    """Return config.toml as containerd would read it."""
    return tomllib.loads(next(file.content for file in wanted.files if file.path == CONFIG))


def plugin_of(wanted: Wanted, name: str) -> dict[str, Any]:
    """Return the configuration of one of containerd's plugins."""
    plugin: dict[str, Any] = config_of(wanted)["plugins"][f"io.containerd.cri.v1.{name}"]
    return plugin


def hosts_of(site: Site) -> dict[str, dict[str, Any]]:
    """Return hosts.toml of every upstream."""
    files = {file.path: tomllib.loads(file.content) for file in mirrors(site)}
    return {path.split("/")[-2]: content for path, content in files.items()}


@pytest.mark.parametrize("name", SITES)
def test_the_configuration_is_of_version_3_with_room_for_others(
    name: str, server: Machine, index: Index, inventory: Inventory
) -> None:
    site = inventory(name)
    wanted = plan(server, site, site.fleet[0], index)
    config = config_of(wanted)
    assert config["version"] == 3
    assert config["imports"] == ["/etc/containerd/conf.d/*.toml"]
    images = plugin_of(wanted, "images")
    assert images["registry"]["config_path"] == "/etc/containerd/certs.d"
    assert images["max_concurrent_downloads"] == site.containerd.max_parallel_downloads
    assert images["pinned_images"]["sandbox"] == "registry.k8s.io/pause:3.10.2"
    runtime = plugin_of(wanted, "runtime")
    assert runtime["cni"] == {"bin_dirs": ["/opt/cni/bin"], "conf_dir": "/etc/cni/net.d"}
    runc = runtime["containerd"]["runtimes"]["runc"]
    assert runc["options"] == {"BinaryName": "/usr/local/sbin/runc", "SystemdCgroup": True}


def test_oom_scores_are_restricted_only_where_they_cannot_be_set(
    server: Machine, host_of_the_lab: Machine, lab: Site, index: Index
) -> None:
    for machine, restricted in ((host_of_the_lab, True), (server, False)):
        runtime = config_of(plan(machine, lab, lab.fleet[0], index))["plugins"][
            "io.containerd.cri.v1.runtime"
        ]
        assert runtime["restrict_oom_score_adj"] is restricted


def test_the_sandbox_belongs_to_the_nodes_kubernetes_version(
    server: Machine, index: Index, edited: Edited
) -> None:
    site = edited("rack", ("# kubernetes: 1.35.4", "kubernetes: 1.35.4"))
    images = config_of(plan(server, site, site.node("rack-g8"), index))["plugins"][
        "io.containerd.cri.v1.images"
    ]
    assert images["pinned_images"]["sandbox"] == "registry.k8s.io/pause:3.10.1"
    with pytest.raises(NightfleetError, match="for amd64: not in the depot"):
        sandbox_image(Index(), "1.36.3", "amd64")


def test_every_artifact_has_the_sites_version_and_the_machines_processor(
    server: Machine, lab: Site, index: Index
) -> None:
    arm = plan(replace(server, arch="arm64"), lab, lab.fleet[0], index).installs
    assert {(each.stored.name, each.stored.version, str(each.stored.arch)) for each in arm} == {
        ("containerd", "2.3.4", "arm64"),
        ("runc", "1.4.3", "arm64"),
        ("cni-plugins", "1.9.1", "arm64"),
    }
    links = {link for install in arm for link in install.links}
    assert {"/usr/local/bin/containerd", "/usr/local/sbin/runc", "/opt/cni/bin/bridge"} <= links


def test_it_restarts_for_its_configuration_and_never_for_a_mirror(
    server: Machine, lab: Site, index: Index
) -> None:
    wanted = plan(server, lab, lab.fleet[0], index)
    (unit,) = wanted.units
    assert CONFIG in unit.reads
    assert "/usr/local/bin/containerd" in unit.reads
    assert not [path for path in unit.reads if "certs.d" in path]
    service = next(file.content for file in wanted.files if file.path.endswith("containerd.service"))
    assert "\nKillMode=process\n" in service  # containers live on


# Mirrors


@pytest.mark.parametrize("name", SITES)
def test_there_is_one_mirror_per_project_with_its_upstream_behind(name: str, inventory: Inventory) -> None:
    site = inventory(name)
    hosts = hosts_of(site)
    assert set(hosts) == set(site.registry.projects)
    for upstream, content in hosts.items():
        assert content["server"] == f"https://{upstream}"
        ((url, mirror),) = content["host"].items()
        assert url.startswith(f"http://{site.having(Role.REGISTRY)[0].address}:")
        assert mirror == {"capabilities": ["pull", "resolve"], "override_path": True}


def test_a_pushed_project_lies_below_its_name_and_a_fetched_one_has_its_own_port(
    inventory: Inventory,
) -> None:
    urls = {
        upstream: next(iter(content["host"])) for upstream, content in hosts_of(inventory("rack")).items()
    }
    assert urls == {
        "registry.k8s.io": "http://10.50.0.20:5000/v2/registry.k8s.io",
        "nvcr.io": "http://10.50.0.20:5001/v2",
        "quay.io": "http://10.50.0.20:5002/v2",
    }


def test_without_a_registry_node_upstreams_are_asked_themselves(edited: Edited) -> None:
    site = edited("rack", ("rack-store:", "rack-spare:"), ("[registry]", "[worker]"), PROJECTS)
    assert mirrors(site) == []
