"""What a node says about CephFS: which client it can run, and what is in the way. Looks into no mount."""

import shlex
from collections.abc import Sequence

from deploys.cachefilesd.plan import MOVES
from deploys.cephfs_client.plan import CONF, MARK, Found, Mounted
from deploys.hostops.facts import HostFact

# A mount whose server is away hangs whoever looks into it, so that a place is only looked into
# when nothing is mounted there.
LOOK = f"""
{{ grep -qw ceph /proc/filesystems || modprobe -nq ceph 2>/dev/null; }} && echo kernel=yes
[ ! -c /dev/fuse ] || echo fuse=yes
[ ! -e {CONF} ] || echo "conf=$(head -n1 {CONF})"
[ ! -e {MARK} ] || while read -r file; do
  echo "ours=$file"; [ ! -e "$file" ] || echo "there=$file"
done <{MARK}
grep -ls deploys/cephfs_client /etc/systemd/system/*.automount | sed 's|.*/|unit=|'
sed 's/^/mount=/' /proc/self/mounts
pgrep -xa ceph-fuse | sed 's/^[0-9]* /runs=/'
for at in $places; do
  grep -q " $at " /proc/self/mounts || [ -z "$(ls -A "$at" 2>/dev/null)" ] || echo "filled=$at"
done; true
"""


class Ceph(HostFact):
    """Clients that the node can run, our files and units, mounts, and places that are not empty."""

    @staticmethod
    def default() -> Found:
        return Found()

    def command(self, places: Sequence[str]) -> str:
        return f"places={shlex.quote(' '.join(places))}{LOOK}"

    def parse(self, output: list[str]) -> Found:
        pairs = [line.partition("=")[::2] for line in output if "=" in line]
        several: dict[str, list[str]] = {}
        for key, value in pairs:
            several.setdefault(key, []).append(value)
        lines = [line.split(" ") for line in several.get("mount", [])]
        mounts = [Mounted(at, kind, options, source) for source, at, kind, options, *_ in lines]
        return Found(
            kernel="kernel" in several,
            fuse="fuse" in several,
            conf=several.get("conf", [None])[0],
            ours=tuple(several.get("ours", [])),
            there=tuple(several.get("there", [])),
            units=tuple(several.get("unit", [])),
            mounts=tuple(mounts),
            runs=tuple(several.get("runs", [])),
            filled=tuple(several.get("filled", [])),
        )


class Moving(HostFact):
    """What reading a file of each cached share says of its cache. Mounts them; never waits for long."""

    @staticmethod
    def default() -> dict[str, str]:
        return {}

    def command(self, places: Sequence[str]) -> str:
        quoted = " ".join(map(shlex.quote, places))
        return f'{MOVES}\nfor place in {quoted}; do echo "$(moves "$place") $place"; done'

    def parse(self, output: list[str]) -> dict[str, str]:
        return {place: said for said, _, place in (line.partition(" ") for line in output)}
