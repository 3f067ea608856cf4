"""Certificates on a terminal."""

from rich.console import Console
from rich.text import Text

from nightfleet.membership.renewal import RenewalPlan, Renewed


def print_renewal_plan(planned: RenewalPlan) -> None:
    """Print who would be renewed and why, and how long the others are good."""
    console = Console(highlight=False)
    for name, days in planned.left.items():
        due = planned.due.get(name)
        console.print(Text(f"{name}: {f'would be renewed: {due}' if due else f'good for {days} days'}"))
    if not planned.due:
        console.print("nothing to renew")


def print_renewed(told: Renewed) -> None:
    """Print the days that are left, before and after."""
    console = Console(highlight=False)
    for name, days in told.after.items():
        console.print(Text(f"{name}: good for {days} days (before: {told.before.get(name, 0)})"))
    if told.fault:
        console.print(Text(told.fault, style="bold red"), soft_wrap=True)
        for name in told.not_begun:
            console.print(Text(f"{name}: not begun, because of the above", style="yellow"))
        console.print("next: nightfleet node renew-certificates   (goes on where it stopped)")
