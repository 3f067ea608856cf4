"""What is in the way of a cluster on this cloud, judged from what was seen. Pure; examine.py looks.

What nobody could look at is unknown: neither good nor bad news.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from nightfleet.cloud.budget import Flavor, Room
from nightfleet.finding import Finding, Status
from nightfleet.site.cloud import Cloud

NEEDED = {"compute": "machines", "network": "their network", "image": "what they boot from"}
DATA = "block-storage"
OPTIONAL = {
    "load-balancer": "endpoint kind octavia; without it: virtual or single",
    "shared-file-system": "Manila shares",
    "orchestration": "the Heat template",
    "reservation": "leases",
}
LEAST = {"compute": (2, 52), "block-storage": (3, 42)}  # tags at creation; growing a disk that is in use
OLDEST = (1, 6)  # of Terraform and OpenTofu: required_version of the modules
NEARLY = 0.9  # of a quota
BUSES = ("virtio", "scsi")  # disks that show their volume's id
GONE = "GONE"  # status of a server that the cloud does not have
MISSING = "MISSING"  # bus of an image that the cloud does not have


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of the tool, the credentials and the cloud. None: could not be asked."""

    tool: str | None = None  # version
    auth_type: str | None = None
    expires: datetime | None = None
    services: frozenset[str] = frozenset()
    microversions: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    silent: Mapping[str, str] = field(default_factory=dict)  # service: why its endpoint does not answer
    room: Room = field(default_factory=Room)
    buses: Mapping[str, str | None] = field(default_factory=dict)  # image: its hw_disk_bus
    servers: Mapping[str, str] = field(default_factory=dict)  # node: status
    closed: Mapping[str, str] = field(default_factory=dict)  # node: why its port 22 does not answer
    leftovers: tuple[str, ...] = ()
    overdue: tuple[str, ...] = ()  # volumes without a young copy
    unseen: Mapping[str, str] = field(default_factory=dict)  # what could not be looked at, and why


def judge(cloud: Cloud, seen: Seen, now: datetime) -> tuple[Finding, ...]:
    """Return what was found, in the order in which one would repair it."""
    return (
        *_tool(cloud, seen),
        *_credentials(seen, now),
        *_services(cloud, seen),
        *_microversions(seen),
        *_quota(seen.room),
        *_gpus(seen.room.flavors.values()),
        *_images(seen.buses),
        *_machines(seen),
        *_copies(cloud, seen),
        *(Finding(what, Status.UNKNOWN, f"not looked at: {why}") for what, why in seen.unseen.items()),
    )


def _tool(cloud: Cloud, seen: Seen) -> Iterator[Finding]:
    if seen.tool is None:
        other = "tofu" if cloud.tool == "terraform" else "terraform"
        yield Finding(
            cloud.tool, Status.FAIL, "is not installed", f"install it, or write `cloud.tool: {other}`"
        )
        return
    new = tuple(int(part) for part in seen.tool.split(".")[:2]) >= OLDEST
    least = ".".join(map(str, OLDEST))
    yield Finding(
        cloud.tool, Status.OK if new else Status.FAIL, seen.tool, "" if new else f"{least} or newer"
    )


def _credentials(seen: Seen, now: datetime) -> Iterator[Finding]:
    kind = seen.auth_type or ""
    if "applicationcredential" in kind.replace("_", ""):
        yield Finding("credentials", Status.OK, "application credential")
    else:
        yield Finding(
            "credentials",
            Status.WARN,
            f"{kind or 'unknown kind'}: whoever reads them can do all that this person can",
            "openstack application credential create nightfleet; put its id and secret into clouds.yaml",
        )
    if seen.expires is not None and seen.expires - now < timedelta(minutes=30):
        minutes = max(0, round((seen.expires - now).total_seconds() / 60))
        yield Finding(
            "token",
            Status.WARN,
            f"a token lasts {minutes} minutes more; a new one is asked for when it ends",
            "long applies need credentials that can ask for a new token, not a token alone",
        )


def _services(cloud: Cloud, seen: Seen) -> Iterator[Finding]:
    for name, use in {**NEEDED, DATA: "data disks"}.items():
        if name not in seen.services:
            yield Finding(name, Status.FAIL, f"is not in the catalogue: {use}", "ask who runs the cloud")
        elif why := seen.silent.get(name):
            yield Finding(name, Status.FAIL, f"does not answer: {why}", "proxy, VPN, or the cloud itself")
        else:
            yield Finding(name, Status.OK, "answers")
    for name, use in OPTIONAL.items():
        if name == "reservation" and cloud.leases.reserve and name not in seen.services:
            yield Finding(
                name, Status.FAIL, "the site reserves, and this cloud does not", "cloud.leases.reserve"
            )
        elif why := seen.silent.get(name):
            yield Finding(name, Status.WARN, f"does not answer: {why}", f"needed for {use}")
        else:
            yield Finding(name, Status.OK, "answers" if name in seen.services else f"not here ({use})")


def _microversions(seen: Seen) -> Iterator[Finding]:
    for name, least in LEAST.items():
        have = seen.microversions.get(name)
        need = ".".join(map(str, least))
        if have is None:
            yield Finding(f"{name} API", Status.UNKNOWN, f"its microversion is not known; {need} is needed")
        elif have < least:
            yield Finding(
                f"{name} API",
                Status.FAIL,
                f"goes up to {have[0]}.{have[1]}; {need} is needed",
                "another cloud",
            )
        else:
            yield Finding(f"{name} API", Status.OK, f"up to {have[0]}.{have[1]}")


def _quota(room: Room) -> Iterator[Finding]:
    full = [
        f"{name} {room.used.get(name, 0)} of {limit}"
        for name, limit in room.limit.items()
        if limit and room.used.get(name, 0) >= NEARLY * limit
    ]
    free = ", ".join(f"{room.free(name)} {name}" for name in room.limit)
    if full:
        yield Finding("quota", Status.WARN, f"nearly used up: {', '.join(full)}", "ask the cloud for more")
    elif room.limit:
        yield Finding("quota", Status.OK, f"left: {free}")
    for why in room.unknown:
        yield Finding("quota", Status.UNKNOWN, why)


def _gpus(flavors: Iterable[Flavor]) -> Iterator[Finding]:
    found = sorted(f"{flavor.name} ({flavor.gpus})" for flavor in flavors if flavor.gpus)
    what = ", ".join(found) if found else "no flavor names one in its extra specs"
    yield Finding("flavors with GPUs", Status.OK if found else Status.UNKNOWN, what)


def _images(buses: Mapping[str, str | None]) -> Iterator[Finding]:
    for image, bus in buses.items():
        if bus == MISSING:
            hint = "openstack image list; the name is in terraform.tfvars"
            yield Finding(f"image {image}", Status.FAIL, "is not on this cloud", hint)
        elif bus is not None and bus not in BUSES:
            yield Finding(
                f"image {image}",
                Status.WARN,
                f"hw_disk_bus is {bus!r}: nodes do not see which disk is which volume",
                f"openstack image set --property hw_disk_bus=virtio {image}",
            )


def _machines(seen: Seen) -> Iterator[Finding]:
    if len(seen.servers) > 1 and set(seen.servers.values()) == {GONE}:
        yield Finding(
            "machines",
            Status.WARN,
            f"none of the {len(seen.servers)} that the record has is on this cloud: it is of another project,"
            " as the example's is until the first apply, or all were destroyed",
            "nightfleet cloud plan shows what would be made",
        )
    else:
        yield from _each_machine(seen)
    for what in seen.leftovers:
        yield Finding(
            "left over",
            Status.WARN,
            f"{what} is in no state",
            "nightfleet cloud apply takes it over or names it",
        )


def _each_machine(seen: Seen) -> Iterator[Finding]:
    for node, status in seen.servers.items():
        if status == GONE:
            yield Finding(
                node,
                Status.FAIL,
                "the record has this machine, and the cloud has not",
                "nightfleet cloud plan shows what would be made anew; cloud output records what is there",
            )
        elif status != "ACTIVE":
            hint = f"openstack server show {node} -c fault"
            yield Finding(node, Status.FAIL, f"the machine is {status}", hint)
        elif why := seen.closed.get(node):
            yield Finding(
                node, Status.WARN, f"its sshd is not reached from here: {why}", "bastion, VPN, rules"
            )
    if seen.servers and all(status == "ACTIVE" for status in seen.servers.values()):
        yield Finding("machines", Status.OK, f"{len(seen.servers)} ACTIVE")


def _copies(cloud: Cloud, seen: Seen) -> Iterator[Finding]:
    for volume in seen.overdue:
        yield Finding(
            f"copy of {volume}",
            Status.WARN,
            f"no good one is younger than {2 * cloud.backups.every} hours",
            "nightfleet cloud backup run; nightfleet cloud backup schedule puts it on a timer",
        )
