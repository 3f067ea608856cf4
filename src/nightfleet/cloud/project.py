"""The project on the cloud, by openstacksdk: credentials, quota, flavors. Only asks; imports it late.

openstacksdk finds credentials as Terraform's provider does: clouds.yaml (`cloud.name`, or OS_CLOUD), else
OS_*.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from nightfleet.cloud.budget import Flavor, Room
from nightfleet.errors import Exit, NightfleetError
from nightfleet.site import Site
from nightfleet.site.cloud import Cloud

GPU_ALIAS = re.compile(r"^[^:,]+:(\d+)")  # pci_passthrough:alias = "a100:2"
GPU_RESOURCES = ("resources:VGPU", "resources:PGPU", "resources:CUSTOM_GPU")


def section(site: Site) -> Cloud:
    """Return the site's section `cloud`, or say that it has none."""
    if site.cloud is None:
        raise NightfleetError(
            f"the site {site.site!r} has no section 'cloud'",
            str(site.path),
            "inventory/openstack/site.yaml shows one",
            Exit.USAGE,
        )
    return site.cloud


def connect(cloud: Cloud) -> Any:
    """Return a connection whose credentials work. NightfleetError says what is wrong with them."""
    import openstack
    from keystoneauth1.exceptions import ClientException
    from openstack.exceptions import ConfigException

    where = f"clouds.yaml: {cloud.name}" if cloud.name else "the environment"
    try:
        connection = openstack.connect(cloud=cloud.name)
        connection.authorize()
    except ConfigException as error:
        raise NightfleetError(
            f"no credentials: {str(error).strip()}",
            where,
            "put them into ~/.config/openstack/clouds.yaml, or name the file by OS_CLIENT_CONFIG_FILE",
            Exit.USAGE,
        ) from error
    except (ClientException, openstack.exceptions.SDKException) as error:
        raise NightfleetError(
            f"the cloud does not let us in: {first_line(error)}", where, "nightfleet cloud doctor"
        ) from error
    return connection


def room(connection: Any) -> Room:
    """Return what the project uses and may have. A service that does not answer is unknown, not empty."""
    used: dict[str, int] = {}
    limit: dict[str, int] = {}
    unknown = []
    for name, ask in ASKED.items():
        try:
            for resource, (taken, most) in ask(connection).items():
                if most is not None and most >= 0:  # -1: no limit
                    used[resource], limit[resource] = taken or 0, most
        except Exception as error:  # any of a dozen libraries' errors means the same: not known
            unknown.append(f"quota of {name}: {first_line(error)}")
    try:
        flavors = {one.name: flavor(one) for one in connection.compute.flavors(get_extra_specs=True)}
    except Exception as error:
        flavors = {}
        unknown.append(f"flavors: {first_line(error)}")
    return Room(used, limit, flavors, tuple(unknown))


Amounts = dict[str, tuple[int | None, int | None]]


def _compute(connection: Any) -> Amounts:
    said = connection.compute.get_limits().absolute
    return {
        "instances": (said.instances_used, said.instances),
        "cores": (said.total_cores_used, said.total_cores),
        "ram": (said.total_ram_used, said.total_ram),
    }


def _volumes(connection: Any) -> Amounts:
    said = connection.block_storage.get_limits().absolute
    return {
        "volumes": (said.total_volumes_used, said.max_total_volumes),
        "gigabytes": (said.total_gigabytes_used, said.max_total_volume_gigabytes),
    }


def _network(connection: Any) -> Amounts:
    said = connection.network.get_quota(connection.current_project_id, details=True)
    asked = {"ports": said.ports, "floating_ips": said.floating_ips}
    return {
        name: (detail["used"], detail["limit"])
        for name, detail in asked.items()
        if isinstance(detail, Mapping)
    }


def _shares(connection: Any) -> Amounts:
    if not connection.has_service("shared-file-system"):
        return {}
    (said, *_) = connection.shared_file_system.limits()
    return {
        "shares": (said.totalSharesUsed, said.maxTotalShares),
        "share_gigabytes": (said.totalShareGigabytesUsed, said.maxTotalShareGigabytes),
    }


ASKED: dict[str, Callable[[Any], Amounts]] = {
    "compute": _compute,
    "block storage": _volumes,
    "network": _network,
    "shares": _shares,
}


def flavor(said: Any) -> Flavor:
    """Read a flavor; GPUs are what its extra specs ask of the scheduler."""
    return Flavor(said.name, int(said.vcpus), int(said.ram), gpus_of(said.extra_specs or {}))


def gpus_of(specs: Mapping[str, str]) -> int:
    """Return how many GPUs a machine of a flavor gets; 0 when its extra specs name none. Pure."""
    aliases: Iterable[str] = specs.get("pci_passthrough:alias", "").split(",")
    found = sum(int(match.group(1)) for alias in aliases if (match := GPU_ALIAS.match(alias.strip())))
    return found + sum(int(specs[name]) for name in GPU_RESOURCES if specs.get(name, "").isdigit())


def first_line(error: BaseException) -> str:
    """Return the first line of what an exception says, or its kind when it says nothing."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
