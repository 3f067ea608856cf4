"""What a host says about the cache of its kernel."""

from collections.abc import Sequence

from deploys.cachefilesd.plan import TEMPLATES, Found
from deploys.hostops.facts import HostFact
from nightfleet.mounted import read_mounts

LOOK = (TEMPLATES / "look.sh").read_text(encoding="utf-8")


class Caching(HostFact):
    """Whether the kernel has FS-Cache, what the cache lies on, and what is mounted."""

    @staticmethod
    def default() -> Found:
        return Found()

    def command(self) -> str:
        return LOOK

    def parse(self, output: list[str]) -> Found:
        return read(output)


def read(output: Sequence[str]) -> Found:
    """Read the answer to LOOK."""
    words = next((line.split() for line in output if line.startswith("cache ")), ["", "", ""])
    return Found(
        kernel="cachefiles" in output,
        release=next((line[7:] for line in output if line.startswith("kernel ")), ""),
        filesystem=words[1],
        mounted_at=words[2],
        mounts=read_mounts(output),
    )
