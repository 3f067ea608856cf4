"""What a host says about its network mounts."""

import shlex
from collections.abc import Sequence

from deploys.cachefilesd.plan import MOVES
from deploys.hostops.facts import HostFact
from deploys.nfs_client.plan import TEMPLATES, Found
from nightfleet.mounted import read_idles, read_mounts, read_volumes

LOOK = (TEMPLATES / "look.sh").read_text(encoding="utf-8")
ANSWER = (TEMPLATES / "answer.sh").read_text(encoding="utf-8")


class Client(HostFact):
    """Whether the kernel can mount NFS, what is mounted, and which units are ours. Touches no mount."""

    @staticmethod
    def default() -> Found:
        return Found()

    def command(self) -> str:
        return LOOK

    def parse(self, output: list[str]) -> Found:
        return read(output)


class Answering(HostFact):
    """As Client, after each of some places was looked at, with a limit of time: what is away stays away."""

    @staticmethod
    def default() -> Found:
        return Found()

    def command(self, places: Sequence[str]) -> str:
        return f"{MOVES}\nset -- {' '.join(map(shlex.quote, places))}\n{ANSWER}\n{LOOK}"

    def parse(self, output: list[str]) -> Found:
        return read(output)


def read(output: Sequence[str]) -> Found:
    """Read the answer to LOOK."""
    return Found(
        kernel="nfs" in output,
        release=next((line[7:] for line in output if line.startswith("kernel ")), ""),
        silent=tuple(line[7:] for line in output if line.startswith("silent ")),
        past=tuple(line[8:] for line in output if line.startswith("unmoved ")),
        unread=tuple(line[7:] for line in output if line.startswith("unread ")),
        units=tuple(line[5:] for line in output if line.startswith("unit ")),
        mounts=read_mounts(output),
        idles=read_idles(output),
        volumes=read_volumes(output),
    )
