"""Nothing to do on three real hosts: `nightfleet converge`, bare pyinfra, and Ansible asking the same.

The three run in turn, round after round, and medians are compared. Round trips are counted exactly, as
channels that pyinfra opens on its ssh connections, in a run of its own.
"""

import json
import socket
import statistics
import time
from collections.abc import Sequence

from bench import cluster
from bench.lab import SITE, BenchLab
from bench.measure import BIN, ROOT, Cost, cost, median, say
from bench.play import Play
from bench.report import Line, Result
from nightfleet.converge import last_report
from nightfleet.lab.layout import Layout

ROUNDS = 3
MOST_ROUND_TRIPS = 40
AIM = 10  # times faster than Ansible
INVENTORY = str((SITE.parent / "hosts.py").relative_to(ROOT))
DEPLOY, BARE = "deploys/fleet.py", "bench/ops/bare.py"
COUNTED = ROOT / "bench" / "ops" / "counted.py"


def run(lab: BenchLab) -> Result:
    """Measure; makes the cluster first when there is none."""
    operations = converged(lab)
    trips = round_trips(lab)
    worker = trips[lab.site.fleet[-1].name]
    play = Play(lab)
    play.run("warm")
    ours: list[Cost] = []
    bare: list[Cost] = []
    ansible: list[Cost] = []
    for number in range(ROUNDS):
        ours.append(cost(lab.converge(), lab.folder / f"noop-{number}.log"))
        bare.append(
            cost(pyinfra(BARE), lab.folder / f"bare-{number}.log", {"BARE": f"{operations},{worker}"})
        )
        ansible.append(play.run(str(number)))
        walls = (costs[-1].wall for costs in (ours, bare, ansible))
        say("nightfleet {:.2f} s, bare pyinfra {:.2f} s, Ansible {:.1f} s".format(*walls))
    notes = (
        f"median of {ROUNDS} rounds; a TCP connection to a host takes {connect_ms(lab):.2f} ms",
        f"bare pyinfra: {operations} operations with {worker} questions on each host, nothing else",
        f"Ansible: {play.about}, 0 changed",
        f"round trips of each host: {', '.join(f'{name} {count}' for name, count in trips.items())}",
    )
    numbers = {
        "ours": [(one.wall, one.cpu) for one in ours],
        "bare": [(one.wall, one.cpu) for one in bare],
        "ansible": [(one.wall, one.cpu) for one in ansible],
        "round_trips": trips,
        "operations": operations,
    }
    title = "Nothing to do on three lab hosts."
    return Result("noop", title, lines(median(ours), median(bare), median(ansible), worker), notes, numbers)


def lines(ours: Cost, bare: Cost, ansible: Cost, trips: int) -> tuple[Line, ...]:
    """Compare."""
    over = ours.over(bare)
    faster = ansible.over(ours)
    return (
        Line("wall clock", f"{ours.wall:.2f} s", f"bare pyinfra {bare.wall:.2f} s", f"{over[0]:.2f}"),
        Line("controller CPU", f"{ours.cpu:.2f} s", f"bare pyinfra {bare.cpu:.2f} s", f"{over[1]:.2f}"),
        Line(
            "wall clock",
            f"{ours.wall:.2f} s",
            f"Ansible {ansible.wall:.1f} s",
            f"{faster[0]:.1f} times faster",
            f"{AIM} times",
        ),
        Line(
            "controller CPU",
            f"{ours.cpu:.2f} s",
            f"Ansible {ansible.cpu:.1f} s",
            f"{faster[1]:.1f} times less",
        ),
        Line("round trips of a worker", str(trips), "", "", f"< {MOST_ROUND_TRIPS}"),
    )


def converged(lab: BenchLab) -> int:
    """Have our cluster, and see that it stays as it is; return the number of a worker's operations."""
    if not Layout(lab.site.site).spec.exists():
        lab.blank()
        cluster.converge(lab, 0)
    cost(lab.converge(), lab.folder / "converged.log")
    report = last_report(lab.site.site)
    if report is None or report.changes:
        raise RuntimeError("a second converge changed something")
    return len(report.nodes[-1].operations)


def round_trips(lab: BenchLab) -> dict[str, int]:
    """Return the channels that a no-op converge opens, by host."""
    target = lab.folder / "channels.json"
    argv = [BIN / "python", COUNTED, target, *pyinfra(DEPLOY)[1:]]
    cost(argv, lab.folder / "counted.log", {"PYTHONPATH": str(ROOT)})
    found = json.loads(target.read_text())
    return {node.name: found[str(node.address)] for node in lab.site.fleet}


def pyinfra(deploy: str) -> Sequence[str]:
    """Return the command line of a run on the lab's hosts."""
    return [str(BIN / "pyinfra"), "--json", "-y", INVENTORY, deploy]


def connect_ms(lab: BenchLab) -> float:
    """Return how long a TCP connection to a host takes: one round trip, in milliseconds."""
    took = []
    for _ in range(9):
        began = time.perf_counter()
        socket.create_connection((str(lab.site.fleet[-1].address), 22)).close()
        took.append(time.perf_counter() - began)
    return statistics.median(took) * 1000
