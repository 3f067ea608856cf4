"""Snapshots that hang on volumes which a plan would delete: the cloud refuses that in the middle. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from nightfleet.cloud.guard import Refusal
from nightfleet.cloud.kinds import VOLUME
from nightfleet.cloud.planfile import Change


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot of a volume, by their ids."""

    id: str
    name: str
    volume_id: str


def doomed(changes: Iterable[Change]) -> dict[str, Change]:
    """Return the volumes that a plan would delete or make anew, by their ids."""
    return {str(one.before.get("id")): one for one in changes if one.type == VOLUME and one.goes}


def hanging(changes: Iterable[Change], snapshots: Iterable[Snapshot]) -> Iterator[Refusal]:
    """Yield a refusal for each such volume with its snapshots. Nobody can open it: the cloud would not."""
    volumes = doomed(changes)
    found = defaultdict(list)
    for one in snapshots:
        if one.volume_id in volumes:
            found[one.volume_id].append(one)
    for volume, copies in found.items():
        change = volumes[volume]
        yield Refusal(
            f"{change.key or change.address} has {len(copies)} snapshots, and the cloud deletes no volume"
            f" that has: {', '.join(one.name or one.id for one in copies)}",
            change.address,
            "",
            f"openstack volume snapshot delete {' '.join(one.id for one in copies)};"
            " cloud.backups.kind: backup makes copies that do not hang on their volume",
            "",
        )
