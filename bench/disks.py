"""The planner of disks for 500 machines, against only parsing what lsblk says of them.

The machines are those of the tests (`src/nightfleet/disks/recorded`), in turn, until there are 500.
"""

import json
from itertools import cycle, islice

from bench.measure import best
from bench.report import Line, Result
from nightfleet.disks import look
from nightfleet.disks.conftest import MACHINES, answer
from nightfleet.disks.plan import plan
from nightfleet.disks.volume import Wish
from nightfleet.site.disks import Layout

COUNT = 500
LAYOUT = Layout.model_validate(
    {
        "use": {"it": {"at_least": "50GiB"}},
        "imagefs": {"on": "it", "size": "40%"},
        "nodefs": {"on": "it", "size": "20%"},
        "scratch": {"on": "it", "size": "rest"},
    }
)


def run() -> Result:
    """Read and plan every machine, against parsing its lsblk alone."""
    recorded = [answer(name) for name in MACHINES]
    answers = list(islice(cycle(recorded), COUNT))
    trees = ["\n".join(look.split(said)["lsblk", ""]) for said in answers]
    parsing = best(lambda: [json.loads(tree) for tree in trees])
    planning = best(
        lambda: [
            plan(look.read(said), Wish("bench", f"n{number}", LAYOUT)) for number, said in enumerate(answers)
        ]
    )
    line = Line(
        f"disks of {COUNT} machines read and planned",
        f"{planning * 1000:.0f} ms",
        f"{parsing * 1000:.0f} ms to parse lsblk's JSON",
        f"{planning / parsing:.1f}",
    )
    return Result("disks", "What a layout makes of the disks of 500 machines.", (line,))
