"""The benchmarks: ratios against alternatives measured in the same run (docs/benchmarks.md).

python bench/run.py                   cluster, noop, fleet, disks, guard, cache
python bench/run.py cloud             machines on OpenStack (needs the real Terraform provider; half an hour)
python bench/run.py fleet             only this one
python bench/run.py --pairs 4         more pairs of clusters
python bench/run.py --write           and put the tables into docs/benchmarks.md

Results go to .state/bench/ of the clone as JSON, which git ignores and `make clean` removes. The lab of the
benchmarks is taken down in the end, also after an interrupt.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime

from bench import cache, cloud, cluster, disks, fleet, guard, noop, report
from bench.lab import BenchLab
from bench.measure import say
from bench.report import Result
from nightfleet.errors import NightfleetError

NAMES = ("cluster", "noop", "fleet", "disks", "guard", "cache")
ASKED = ("cloud",)  # only when it is named
ROOTLESS = {"fleet", "disks", "guard"}


def main() -> int:
    arguments = parse()
    chosen = [name for name in (*NAMES, *ASKED) if name in (arguments.only or NAMES)]
    if os.geteuid() != 0 and set(chosen) - ROOTLESS:
        say("error: booting hosts needs root\n  hint: sudo make bench, or: python bench/run.py fleet")
        return 1
    try:
        results = measure(chosen, arguments.pairs)
    except (RuntimeError, NightfleetError) as error:
        say(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        say("interrupted; nothing of the lab is left")
        return 130
    stored = report.store(results, datetime.now(UTC))
    say(f"stored: {stored}")
    if arguments.write:
        report.write(results, report.machine())
        say(f"written: {report.PAGE}")
    return 0


def measure(chosen: Sequence[str], pairs: int) -> list[Result]:
    """Run the chosen benchmarks, one after the other; the lab is gone in the end, whatever happened."""
    results: list[Result] = []
    with ExitStack() as at_the_end:
        steps: dict[str, Callable[[], Result]] = {
            room.__name__.rpartition(".")[2]: room.run for room in (fleet, disks, guard, cache, cloud)
        }
        if {"cluster", "noop"} & set(chosen):
            lab = at_the_end.enter_context(BenchLab())
            steps["cluster"] = lambda: cluster.run(lab, pairs)
            steps["noop"] = lambda: noop.run(lab)
        for name in chosen:
            say(f"== {name}")
            results.append(steps[name]())
            say(report.table(results[-1]))
    return results


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bench/run.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("only", nargs="*", choices=[[], *NAMES, *ASKED], help="default: all but cloud")
    parser.add_argument("--pairs", type=int, default=2, help="pairs of clusters (default 2)")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/benchmarks.md")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
