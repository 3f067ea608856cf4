"""A copy of etcd before anything is touched, on a control plane, checked before it counts."""

import json
from collections.abc import Sequence

from nightfleet.cluster.etcd import ETCDCTL, Member
from nightfleet.cluster.ssh import Shell
from nightfleet.errors import NightfleetError

FOLDER = "/var/lib/nightfleet/backup"
SECONDS = 300


def snapshot(shell: Shell, members: Sequence[Member], planes: Sequence[str], name: str) -> str:
    """Save and check a snapshot on the first healthy control plane; return NODE:PATH (KEYS keys)."""
    healthy = {member.name for member in members if member.healthy}
    place = next((plane for plane in planes if plane in healthy), "")
    if not place:
        raise NightfleetError("no control plane has a healthy etcd", ", ".join(planes), "nightfleet doctor")
    path = f"{FOLDER}/{name}.db"
    said = shell.ask(
        place,
        f"set -eu; umask 077; mkdir -p {FOLDER}; rm -f {path}.part;"
        f" {ETCDCTL} snapshot save {path}.part >/dev/null;"
        f" etcdutl snapshot status {path}.part -w json; sync {path}.part; mv {path}.part {path}",
        seconds=SECONDS,
    )
    status = json.loads(said.splitlines()[-1])
    return f"{place}:{path} ({status['totalKey']} keys, hash {status['hash']:x})"
