"""One backup: a bag (RFC 8493) named by when and where it was made. What it says of itself is no secret."""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from nightfleet.errors import Exit, NightfleetError

NAME = re.compile(r"(\d{8}T\d{6}Z)-([a-z0-9]([-a-z0-9]*[a-z0-9])?)")
SNAPSHOT, KEYS, MEMBERS = "data/etcd.db.age", "data/pki.tar.age", "data/etcd-members.json"
NEEDED = (SNAPSHOT, KEYS, MEMBERS)
PREFIX = "Nightfleet-"


@dataclass(frozen=True, slots=True)
class Bag:
    """What a backup says about itself, in bag-info.txt."""

    name: str  # 20261128T002900Z-lab-c1
    site: str
    node: str  # the control plane that made it
    made_at: datetime
    kubernetes: str  # 1.36.3
    cluster_ca: str  # sha256 of the cluster's CA certificate (DER), hexadecimal: which cluster this is
    revision: int  # etcd's, at the snapshot
    keys: int  # in etcd
    size: int  # bytes of the payload

    def age(self, now: datetime) -> float:
        """Return its age in seconds."""
        return (now - self.made_at).total_seconds()


def read_info(text: str) -> Bag:
    """Read a bag-info.txt. ValueError when it is not one of ours. Pure."""
    pairs = (line.partition(":")[::2] for line in text.splitlines() if not line.startswith((" ", "\t")))
    return of_info({key.strip(): value.strip() for key, value in pairs})


def of_info(info: Mapping[str, str]) -> Bag:
    """Make a value of a bag's fields. ValueError when one is missing or strange. Pure."""
    try:
        name = info["External-Identifier"]
        if not NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a backup")
        return Bag(
            name=name,
            site=info["Source-Organization"],
            node=info[f"{PREFIX}Node"],
            made_at=datetime.fromisoformat(info[f"{PREFIX}Made-At"]).astimezone(UTC),
            kubernetes=info[f"{PREFIX}Kubernetes"],
            cluster_ca=info[f"{PREFIX}Cluster-CA"],
            revision=int(info[f"{PREFIX}Etcd-Revision"]),
            keys=int(info[f"{PREFIX}Etcd-Keys"]),
            size=int(info["Payload-Oxum"].partition(".")[0]),
        )
    except KeyError as missing:
        raise ValueError(f"bag-info.txt lacks {missing}") from missing


def open_bag(folder: Path) -> Bag:
    """Check every sum of a bag on this machine, and read it. Refuses (exit 3) what is damaged or not ours."""
    import bagit

    logging.getLogger("bagit").setLevel(logging.CRITICAL)  # what it finds is in the error
    hint = "take another: nightfleet backup list"
    try:
        opened = bagit.Bag(str(folder))
        opened.validate(processes=1)
        bag = of_info(opened.info)
    except (bagit.BagError, ValueError, OSError) as error:
        raise NightfleetError(f"this backup is damaged: {error}", str(folder), hint, Exit.REFUSED) from error
    if missing := [name for name in NEEDED if not (folder / name).is_file()]:
        raise NightfleetError(f"this backup lacks {missing[0]!r}", str(folder), hint, Exit.REFUSED)
    return bag
