"""The project on the cloud, by openstacksdk: credentials, quota, flavors. Only asks; imports it late.

openstacksdk finds credentials as Terraform's provider does: clouds.yaml (`cloud.name`, or OS_CLOUD), else
OS_*.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from nightfleet.cloud.budget import Flavor, Room
from nightfleet.cloud.quota import QUOTAS
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
            "inventory/openstack/site.yaml shows one; --site names another site",
            Exit.USAGE,
        )
    return site.cloud


@contextmanager
def cloud_errors(service: str, asked: str, hint: str = "") -> Iterator[None]:
    """Turn what openstacksdk and keystoneauth raise into our error: `service` was `asked` (list servers).

    Without a `hint` it is one for the status.

    Lists of openstacksdk are lazy: whoever asks for one exhausts it inside.
    """
    from keystoneauth1.exceptions import ClientException
    from openstack.exceptions import SDKException

    try:
        yield
    except (SDKException, ClientException) as error:
        status = getattr(error, "status_code", None) or getattr(error, "http_status", None)
        said = first_line(error)
        if status and str(status) not in said:
            said += f" (HTTP {status})"
        raise NightfleetError(f"{asked}: {said}", service, hint or hint_for(status)) from error


def hint_for(status: int | None) -> str:
    """Return the way out of an answer of a service; None: it did not answer. Pure."""
    if status in (401, 403):
        return "the credentials may not do this: another role, or --unrestricted (docs/guide/openstack.md)"
    if status == 413:
        return "the project has no room for it: nightfleet cloud doctor shows the quota"
    return "nightfleet cloud doctor tells whether the service answers; then the same command again"


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
            f"the cloud does not let us in: {first_line(error)}",
            where,
            "`openstack token issue` with the same credentials; is auth_url reached from here?",
        ) from error
    return connection


def room(connection: Any) -> Room:
    """Return what the project uses and may have. A service that does not answer is unknown, not empty."""
    used: dict[str, int] = {}
    limit: dict[str, int] = {}
    unlimited: set[str] = set()
    unknown = []
    for name, ask in QUOTAS.items():
        try:
            for resource, (taken, most) in ask(connection).items():
                if most is not None and most >= 0:
                    used[resource], limit[resource] = taken or 0, most
                elif most is not None:  # -1: no limit
                    unlimited.add(resource)
        except Exception as error:  # any of a dozen libraries' errors means the same: not known
            unknown.append(f"quota of {name}: {first_line(error)}")
    try:
        flavors = {one.name: flavor(one) for one in connection.compute.flavors(get_extra_specs=True)}
    except Exception as error:
        flavors = {}
        unknown.append(f"flavors: {first_line(error)}")
    return Room(used, limit, flavors, tuple(unknown), frozenset(unlimited))


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
