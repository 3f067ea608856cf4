"""What a machine says about its disks, and what that means for its layout."""

from deploys.hostops.facts import HostFact
from deploys.hostops.this import ask, node, site
from nightfleet.disks import look
from nightfleet.disks.found import Found
from nightfleet.disks.plan import DiskPlan, plan
from nightfleet.disks.volume import Wish


class Disks(HostFact):
    """Everything about a machine's disks, by one script that only reads (nightfleet.disks.look)."""

    @staticmethod
    def default() -> Found:
        return Found({})

    def command(self, question: str) -> str:
        return question

    def parse(self, output: list[str]) -> Found:
        return look.read(output)


def planned_here() -> tuple[Found, DiskPlan]:
    """Ask this host, and plan what its layout makes of the answer. Nothing is ever erased from here."""
    layout = site().layout(node())
    if layout is None:
        return Found({}), DiskPlan()
    found: Found = ask(Disks, question=look.question(layout))
    return found, plan(found, Wish(site().site, node().name, layout))
