"""What a host says about what it is to export."""

import shlex
from collections.abc import Sequence

from deploys.hostops import node, site
from deploys.hostops.facts import HostFact
from deploys.hostops.this import ask
from deploys.nfs_server.plan import Folder, Found
from nightfleet.site.shares import served_by

# A folder that is not there yet will lie on the filesystem of the nearest one above it.
LOOK = r"""
if grep -qw nfsd /proc/filesystems || modprobe -n -q nfsd 2>/dev/null; then echo nfsd; fi
ss -Hltnp 'sport = :2049' 2>/dev/null | sed 's/^/listens /'
for path in "$@"; do
  at=$path there=yes
  while [ ! -d "$at" ]; do at=$(dirname "$at") there=no; done
  findmnt -n -r -o FSTYPE,TARGET,OPTIONS --target "$at" | tail -n 1 | sed "s|^|folder $path $there |"
  [ $there = no ] || project=$(xfs_io -r -c lsproj "$path" 2>/dev/null) && echo "project $path ${project##* }"
done
findmnt -n -r -t xfs -o TARGET,OPTIONS | grep -w prjquota | cut -d' ' -f1 | while read -r at; do
  xfs_quota -x -c 'report -p -n -N -b' "$at" 2>/dev/null | sed -n "s|^#|limit $at |p"
done
true
"""


class Serving(HostFact):
    """Whether the kernel has a server, who listens, and where folders lie with which limits."""

    @staticmethod
    def default() -> Found:
        return Found()

    def command(self, paths: Sequence[str]) -> str:
        return f"set -- {' '.join(shlex.quote(path) for path in paths)}\n{LOOK}"

    def parse(self, output: list[str]) -> Found:
        return read(output)


class Newer(HostFact):
    """Whether a file was changed after a stamp was set, or the stamp is missing."""

    def command(self, file: str, stamp: str) -> str:
        return f"if [ {shlex.quote(file)} -nt {shlex.quote(stamp)} ]; then echo yes; else echo no; fi"

    def parse(self, output: list[str]) -> bool:
        return output[0] == "yes"


def read(output: Sequence[str]) -> Found:
    """Read the answer to LOOK."""
    lines = [line.split() for line in output if line]
    projects = {words[1]: int(words[2]) for words in lines if words[0] == "project" and words[2].isdigit()}
    return Found(
        kernel=["nfsd"] in lines,
        listener=next((line for line in output if line.startswith("listens ")), ""),
        folders={
            words[1]: Folder(words[2] == "yes", words[3], words[4], words[5], projects.get(words[1], 0))
            for words in lines
            if words[0] == "folder"
        },
        limits={
            (words[1], int(words[2])): int(words[5]) << 10
            for words in lines
            if words[0] == "limit" and words[2].isdigit()
        },
    )


def serving() -> Found:
    """Ask this host about its own exports."""
    found: Found = ask(Serving, paths=[share.path for share in served_by(site(), node())])
    return found
