"""What a host says about what it is to export."""

import shlex
from collections.abc import Sequence

from deploys.hostops import node, site
from deploys.hostops.facts import HostFact
from deploys.hostops.this import ask
from deploys.nfs_server.plan import TEMPLATES, Folder, Found
from nightfleet.site.shares import served_by

LOOK = (TEMPLATES / "look.sh").read_text(encoding="utf-8")


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
