"""Run the tiers of tests that exist; say of each what was real, passed, failed and skipped, and why.

    python tests/run.py               every tier whose folder exists
    python tests/run.py unit fleet    only these
    python tests/run.py --json        the summary as JSON on stdout, everything else on stderr

Every tier is one pytest process in its own process group; one that may runs beside the others, and is told
of last. An interrupt is handed on and waited for, so that fixtures take down what they put up. The last line
is always `N passed, N failed, N skipped`; the exit code is 1 after any failure, or when nothing ran.
"""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from runner.beside import Beside
from runner.outcome import Outcome, totals
from runner.process import Interrupted, run_tier
from runner.table import print_table
from runner.tiers import TIERS, Tier, existing

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    names = [tier.name for tier in existing(ROOT)]
    arguments = parse(names)
    chosen = [tier for tier in TIERS if tier.name in (arguments.tiers or names)]
    progress = sys.stderr if arguments.json else sys.stdout
    outcomes, interrupted = run_all(chosen, progress.fileno())
    print_table(outcomes, progress)
    passed, failed, skipped = totals(outcomes)
    if arguments.json:
        print(
            json.dumps(
                {"tiers": [asdict(outcome) for outcome in outcomes], "interrupted": interrupted}, indent=2
            )
        )
    print(f"{passed} passed, {failed} failed, {skipped} skipped", file=progress, flush=True)
    if interrupted:
        return 130
    return 1 if failed or not passed else 0


def parse(names: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tiers", nargs="*", metavar="TIER", help=f"one of {', '.join(names)}")
    parser.add_argument("--json", action="store_true", help="print the summary as JSON")
    arguments = parser.parse_args()
    for name in arguments.tiers:
        if name not in names:
            parser.error(f"there is no tier '{name}' here; there are {', '.join(names)}")
    return arguments


def run_all(tiers: list[Tier], output: int) -> tuple[list[Outcome], bool]:
    """Run tiers one after another, and beside them those that may; return outcomes in the tiers' order."""
    alone = all(tier.beside for tier in tiers)
    others = [] if alone else [Beside(tier, ROOT) for tier in tiers if tier.beside and not tier.needs()]
    begun = {one.tier.name for one in others}
    outcomes: list[Outcome] = []
    interrupted = False
    for tier in tiers:
        if tier.name not in begun and not interrupted:
            try:
                outcomes.append(run_tier(tier, ROOT, output))
            except Interrupted as stopped:
                outcomes.append(stopped.outcome)
                interrupted = True
                for one in others:
                    one.interrupt()  # all clean up at the same time
    for one in others:
        outcome, stopped_now = (one.interrupted(output), True) if interrupted else one.outcome(output)
        outcomes.append(outcome)
        interrupted = interrupted or stopped_now
    order = [tier.name for tier in tiers]
    return sorted(outcomes, key=lambda outcome: order.index(outcome.tier)), interrupted


if __name__ == "__main__":
    sys.exit(main())
