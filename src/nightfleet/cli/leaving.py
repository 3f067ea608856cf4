"""A leave on a terminal: the plan, what came of it, the proof."""

import shlex
from typing import Any

from rich.console import Console
from rich.text import Text

from nightfleet.home import DEFAULT_SITE
from nightfleet.membership.leave import LeavePlan
from nightfleet.membership.leaving import report_of
from nightfleet.membership.left import Left
from nightfleet.site import Site

MOST = 20  # differences of a kind that are printed


def print_leave_plan(planned: LeavePlan) -> None:
    """Print the steps, or that there are none."""
    console = Console(highlight=False)
    console.print(
        f"[bold]{planned.node}[/bold] leaves in {len(planned.steps)} steps:" if planned.steps else ""
    )
    for line in planned.lines or ["nothing to do: it has left, and nothing of ours is on it"]:
        console.print(Text(f"  {line}"))


def print_left(site: Site, left: Left, where: str) -> None:
    """Print what happened, the proof, and the next command."""
    console = Console(highlight=False)
    option = "" if where == DEFAULT_SITE else f" --site {shlex.quote(where)}"
    if left.held:
        console.print(Text("these pods did not leave in time:", style="bold red"))
        for pod, why in left.held.items():
            console.print(Text(f"  {pod}: {why}"), soft_wrap=True)
    if left.fault:
        console.print(Text(left.fault, style="bold red"), soft_wrap=True)
    if left.held or left.fault:
        console.print(Text(f"next: nightfleet node leave {left.node}{option}   (goes on where it stopped)"))
        return
    if left.comparison:
        print_proof(console, left)
    console.print(Text(f"{left.node} has left ({left.seconds:.1f} s)", style="bold"))
    console.print(Text(f"report: {report_of(site, left.node)}"), soft_wrap=True)
    console.print(
        Text(
            f"next: take {left.node} out of {site.path}, then nightfleet converge{option}"
            " (the others forget its routes and its name)"
        ),
        soft_wrap=True,
    )


def print_proof(console: Console, left: Left) -> None:
    """Print every difference by kind; or that there is none."""
    compared = left.comparison
    if compared is None:
        return
    if compared.equal:
        console.print(Text(f"the machine is as it was: {compared.compared} facts agree", style="bold green"))
    else:
        found = f"{len(compared.differences)} of {compared.compared} facts are not as they were"
        console.print(Text(found, style="bold yellow"))
        for words, some in compared.grouped().items():
            console.print(Text(f"{words} ({len(some)})", style="bold"))
            for one in some[:MOST]:
                console.print(Text(f"  {one}"), soft_wrap=True)
            if len(some) > MOST:
                console.print(f"  and {len(some) - MOST} more (--json has them all)")
    for one in compared.expected:
        console.print(Text(f"  stays, as you said: {one}", style="dim"))


def proof_of(left: Left) -> dict[str, Any] | None:
    """Return the proof for machines: equal, how much was compared, differences by kind, what was left out."""
    if left.comparison is None:
        return None
    return {
        "equal": left.comparison.equal,
        "compared": left.comparison.compared,
        "differences": {
            words: [str(one) for one in some] for words, some in left.comparison.grouped().items()
        },
        "left_out": dict(left.comparison.left_out),
    }
