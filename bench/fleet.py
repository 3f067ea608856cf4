"""Nothing to do on 100 and 500 fake hosts: the real deploys, against as many bare operations of pyinfra.

The hosts are the toys of tests/fleet: no host, no network, so that only the controller's own work is left. A
toy answers by looking into its state, which costs more than the fake connector's empty answer; that is in our
figure and not in the other.
"""

import os
import pickle
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.measure import BIN, ROOT, Cost, cost, median, say, total
from bench.report import Line, Result
from nightfleet.converge import last_report
from nightfleet.converge.choose import choose
from nightfleet.converge.command import pyinfra_argv
from nightfleet.converge.waves import plan_waves
from nightfleet.site import Site, load_site
from tests.fleet.depot import fill

SITE = ROOT / "tests" / "fleet" / "sites" / "big" / "site.yaml"
BARE = "bench/ops/bare.py"
FLEETS = {100: (["c1", "r1", "w[001-098]"], 3), 500: ([], 1)}  # nodes (none: all), rounds


def run() -> Result:
    """Measure both fleets."""
    site = load_site(SITE)
    lines: list[Line] = []
    numbers: dict[str, object] = {}
    notes: list[str] = []
    for size, (nodes, rounds) in FLEETS.items():
        with tempfile.TemporaryDirectory(prefix="nightfleet-bench.") as folder:
            ours, bare, about = measure(site, nodes, rounds, Path(folder))
        say(
            f"{size} hosts: {ours.wall:.1f} s, {ours.cpu:.1f} s CPU; bare {bare.wall:.1f} s, {bare.cpu:.1f} s"
        )
        wall, cpu = ours.over(bare)
        each = 1000 / size
        lines += [
            Line(
                f"{size} hosts, wall clock for each",
                f"{ours.wall * each:.1f} ms",
                f"bare pyinfra {bare.wall * each:.1f} ms",
                f"{wall:.2f}",
            ),
            Line(
                f"{size} hosts, controller CPU for each",
                f"{ours.cpu * each:.1f} ms",
                f"bare pyinfra {bare.cpu * each:.1f} ms",
                f"{cpu:.2f}",
            ),
        ]
        notes.append(f"{size} hosts: {about}, median of {rounds}; in all {ours.wall:.1f} s")
        numbers[str(size)] = {"ours": (ours.wall, ours.cpu), "bare": (bare.wall, bare.cpu), "about": about}
    return Result("fleet", "Nothing to do on hosts that cost nothing.", tuple(lines), tuple(notes), numbers)


def measure(site: Site, nodes: Sequence[str], rounds: int, folder: Path) -> tuple[Cost, Cost, str]:
    """Converge a fleet, then measure in turn a converge that finds nothing to do, and bare operations."""
    toys = folder / "toys"
    toys.mkdir()
    fill(folder / "cache")
    own = {"XDG_STATE_HOME": str(folder / "state"), "XDG_CACHE_HOME": str(folder / "cache")}
    asking = {**own, "TOY_STATE": str(toys), "PYTHONPATH": str(ROOT)}
    converge = [BIN / "nightfleet", "converge", "--site", SITE, *nodes]
    cost(converge, folder / "first.log", asking)
    before = heard(toys)
    cost(converge, folder / "second.log", asking)
    questions = heard(toys) - before
    operations = unchanged_operations(site, own)
    waves = plan_waves(site, choose(site, nodes or None)).every
    bare = {**own, "BARE": f"{operations},{questions}", "PYTHONPATH": str(ROOT)}
    ours: list[Cost] = []
    theirs: list[Cost] = []
    for number in range(rounds):
        ours.append(cost(converge, folder / f"ours-{number}.log", asking))
        theirs.append(side_by_side(site, waves, folder, bare))
    about = f"{operations} operations and {questions} questions for each worker, {len(waves)} processes"
    return median(ours), median(theirs), about


def side_by_side(
    site: Site, waves: Sequence[Sequence[str]], folder: Path, environment: dict[str, str]
) -> Cost:
    """Run bare operations on the same hosts, cut into the same waves."""
    argvs = [pyinfra_argv(site, nodes, ROOT, deploy=BARE) for nodes in waves]
    began = time.monotonic()
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        costs = pool.map(
            lambda number, argv: cost([BIN / argv[0], *argv[1:]], folder / f"bare-{number}.log", environment),
            range(len(argvs)),
            argvs,
        )
        return total(list(costs), time.monotonic() - began)


def heard(toys: Path) -> int:
    """Return how many commands one worker has heard so far."""
    return int(pickle.loads((toys / "w001").read_bytes()).heard)


def unchanged_operations(site: Site, environment: dict[str, str]) -> int:
    """Return the number of a worker's operations in the last converge, which changed nothing."""
    kept = os.environ.get("XDG_STATE_HOME")
    os.environ["XDG_STATE_HOME"] = environment["XDG_STATE_HOME"]
    try:
        report = last_report(site.site)
    finally:
        if kept is None:
            del os.environ["XDG_STATE_HOME"]
        else:
            os.environ["XDG_STATE_HOME"] = kept
    if report is None or report.changes:
        raise RuntimeError("a second converge changed something")
    return len(next(node for node in report.nodes if node.name == "w001").operations)
